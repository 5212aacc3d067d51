import Foundation

/// Reads hostile files for some seconds: `Fuzz ROOT READER FOLDER SEED SECONDS [INDEX]`, or `Fuzz ROOT` for the readers' names.
///
/// Input `i` of a seed is the same everywhere. Before each one is read, its files are in FOLDER/input and its number in FOLDER/index, so
/// that whoever started this process finds what ended it. The process ends itself when an input takes too long.
@main
enum Fuzz {
    /// Most seconds of work for one input, whose files are a few kilobytes, and most of waiting: the machine may be busy.
    private static let (workSeconds, waitSeconds) = (5, 60)

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 2 else { return usage() }
        let readers = try Reader.all(Corpus(root: arguments[1]))
        if arguments.count == 2 { return print(readers.map(\.name).joined(separator: "\n")) }
        guard arguments.count >= 6, let reader = readers.first(where: { $0.name == arguments[2] }),
            let seed = UInt64(arguments[4]), let seconds = Double(arguments[5])
        else { return usage() }
        let folder = arguments[3]
        if arguments.count == 7, let index = Int(arguments[6]) {
            print(try attempt(reader, seed: seed, index: index, folder: folder) ?? "accepted")
            return
        }
        let end = Date().addingTimeInterval(seconds)
        var (index, refused) = (0, 0)
        while Date() < end {
            if try attempt(reader, seed: seed, index: index, folder: folder) != nil { refused += 1 }
            index += 1
        }
        print("\(reader.name): \(index) inputs, \(refused) refused")
    }

    private static func usage() {
        print("usage: Fuzz ROOT [READER FOLDER SEED SECONDS [INDEX]]")
        exit(2)
    }

    /// Makes and reads one input; what the reader threw, or nil.
    private static func attempt(_ reader: Reader, seed: UInt64, index: Int, folder: String) throws -> String? {
        var random = Randomness(seed: seed, index: index)
        var files = reader.inputs[random.next(below: reader.inputs.count)]
        let names = files.keys.filter { !reader.keeps.contains($0) }.sorted()
        let name = names[random.next(below: names.count)]
        files[name] = Mutation.apply(to: files[name] ?? [], words: reader.words, &random)
        if random.next(below: 2) == 0 { try reader.resigns?(&files) }
        let input = folder + "/input"
        try? FileManager.default.removeItem(atPath: input)
        try FileManager.default.createDirectory(atPath: input, withIntermediateDirectories: true)
        for (name, bytes) in files { try Data(bytes).write(to: URL(fileURLWithPath: input + "/" + name)) }
        try Data("\(index)\n".utf8).write(to: URL(fileURLWithPath: folder + "/index"))
        limit(work: workSeconds, wait: waitSeconds)
        defer { limit(work: 0, wait: 0) }
        do {
            try reader.read(input)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Ends the process after so many seconds; 0: never.
    private static func limit(work: Int, wait: Int) {
        var timer = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: work, tv_usec: 0))
        setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
        alarm(UInt32(wait))
    }
}
