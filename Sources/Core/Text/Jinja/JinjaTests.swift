/// The language's tests.
enum JinjaTest: String {
    case odd, even, divisibleby, defined, undefined, filter, test, none, boolean, integer, float, lower, upper, string
    case mapping, number, sequence, iterable, callable, sameas, escaped, `in`, eq, equalto, ne, gt, greaterthan, ge, lt
    case lessthan, le
    case isTrue = "true"
    case isFalse = "false"
    case equalSign = "=="
    case notEqualSign = "!="
    case greaterSign = ">"
    case greaterOrEqualSign = ">="
    case lessSign = "<"
    case lessOrEqualSign = "<="
}

extension JinjaInterpreter {
    func test(named name: String, _ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> Bool {
        guard let test = JinjaTest(rawValue: name) else { throw .type("No test named '\(name)'.") }
        switch test {
        case .eq, .equalto, .equalSign: return try areEqual(value, try operand(arguments, name))
        case .ne, .notEqualSign: return !(try areEqual(value, try operand(arguments, name)))
        case .gt, .greaterthan, .greaterSign: return try holds(.greater, value, try operand(arguments, name))
        case .ge, .greaterOrEqualSign: return try holds(.greaterOrEqual, value, try operand(arguments, name))
        case .lt, .lessthan, .lessSign: return try holds(.less, value, try operand(arguments, name))
        case .le, .lessOrEqualSign: return try holds(.lessOrEqual, value, try operand(arguments, name))
        case .in: return try holds(.isIn, value, try operand(arguments, name))
        case .sameas: return isSame(value, try operand(arguments, name))
        case .divisibleby: return isZero(try arithmetic(.modulo, value, try operand(arguments, name)))
        default:
            guard arguments.isEmpty else { throw .type("the test \(name) takes no arguments") }
            return try holds(test, value)
        }
    }

    private func operand(_ arguments: JinjaArguments, _ test: String) throws(JinjaError) -> JinjaValue {
        guard arguments.positional.count == 1, arguments.named.isEmpty else {
            throw .type("the test \(test) takes one argument")
        }
        return arguments.positional[0]
    }

    private func isZero(_ value: JinjaValue) -> Bool { value.number == .integer(0) }

    /// Tests without arguments.
    private func holds(_ test: JinjaTest, _ value: JinjaValue) throws(JinjaError) -> Bool {
        switch (test, value) {
        case (.defined, .undefined): return false
        case (.defined, _): return true
        case (.undefined, .undefined), (.none, .none), (.boolean, .bool), (.integer, .integer), (.float, .float),
            (.string, .string), (.mapping, .dictionary), (.number, .bool), (.number, .integer), (.number, .float):
            return true
        case (.isTrue, .bool(let flag)): return flag
        case (.isFalse, .bool(let flag)): return !flag
        case (.escaped, .string(let text)): return text.isMarkup
        case (.lower, _): return try text(of: value).isLower
        case (.upper, _): return try text(of: value).isUpper
        case (.odd, _): return try remainder(value) == .integer(1)
        case (.even, _): return try remainder(value) == .integer(0)
        case (.sequence, .string), (.sequence, .list), (.sequence, .tuple), (.sequence, .dictionary),
            (.sequence, .range):
            return true
        case (.sequence, .undefined(let undefined)), (.iterable, .undefined(let undefined)):
            if case .unsafe = undefined { return false }
            return true
        case (.iterable, .string), (.iterable, .list), (.iterable, .tuple), (.iterable, .dictionary),
            (.iterable, .range),
            (.iterable, .view), (.iterable, .object(.generator)), (.iterable, .object(.loop)):
            return true
        case (.callable, .method), (.callable, .function), (.callable, .object(.macro)), (.callable, .object(.joiner)),
            (.callable, .object(.loop)), (.callable, .undefined):
            return true
        case (.filter, .string(let name)): return JinjaFilter(rawValue: name.string) != nil
        case (.test, .string(let name)): return JinjaTest(rawValue: name.string) != nil
        default: return false
        }
    }

    private func remainder(_ value: JinjaValue) throws(JinjaError) -> JinjaNumber? {
        try arithmetic(.modulo, value, .integer(2)).number
    }

    /// Python's `is`: the same object.
    private func isSame(_ left: JinjaValue, _ right: JinjaValue) -> Bool {
        switch (left, right) {
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            left === right
        case (.dictionary(let left), .dictionary(let right)): left === right
        case (.none, .none): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.float(let left), .float(let right)): left == right
        case (.string(let left), .string(let right)): left == right && left.isMarkup == right.isMarkup
        case (.object(let left), .object(let right)): left == right
        case (.function(let left), .function(let right)): left == right
        default: false
        }
    }
}
