import CatenaAdapters
import CatenaLearning
import CatenaFiles
import CatenaSchema
import Testing

@Suite("Paths as people write them") struct UserPathTests {
    @Test("~ and ~/… stand for the home folder, all other paths for themselves")
    func home() throws {
        for (text, path) in [
            ("~", "/home/ada"), ("~/", "/home/ada/"), ("~/runs/x", "/home/ada/runs/x"), ("runs/~/x", "runs/~/x"),
            ("./~x", "./~x"), ("", ""), ("/a/b", "/a/b"),
        ] {
            #expect(try UserPath.expanded(text, home: "/home/ada") == path)
            #expect(try UserPath.expanded(text, home: "/home/ada/") == path)
        }
        #expect(try UserPath.expanded("~/x", home: "/") == "/x")
    }

    @Test("~user is refused by name, and ~ without a home folder", arguments: ["~bob", "~bob/x", "~+", "~ada~"])
    func refused(_ path: String) {
        let error = #expect(throws: UserPath.Refusal.self) { try UserPath.expanded(path, home: "/home/ada") }
        #expect(error?.description.contains(path.prefix { $0 != "/" }) == true)
        #expect(throws: UserPath.Refusal.self) { try UserPath.expanded("~/x", home: nil) }
        #expect(throws: UserPath.Refusal.self) { try UserPath.expanded("~/x", home: "") }
    }

    @Test("Every path key of a configuration is expanded")
    func configuration() throws {
        let home = try #require(UserPath.environmentHome)
        let yaml = """
            model: ~/m
            adapter: {method: lora, init: ~/a}
            data: {train: ~/t.jsonl, validation: ~/v.jsonl, cache: ~/c}
            training: {steps: 2, learning-rate: 1.0e-4}
            output: ~/runs/x
            """
        let run = try RunConfiguration.parse(yaml: yaml, path: "run.yaml")
        #expect(run.model == home + "/m")
        #expect(run.adapter?.initialAdapter == home + "/a")
        #expect(run.data.train == home + "/t.jsonl")
        #expect(run.data.validation == home + "/v.jsonl")
        #expect(run.data.cache == home + "/c")
        #expect(run.output == home + "/runs/x")
        for key in ["model", "data.train", "data.validation", "data.cache", "output", "adapter.init"] {
            let error = #expect(throws: ConfigurationError.self) {
                try RunConfiguration.parse(yaml: yaml, path: "run.yaml", overrides: ["\(key)=~bob/x"])
            }
            #expect(error?.description.contains("\(key): ") == true && error?.description.contains("~bob") == true)
        }
    }

    @Test("the folder that CATENA_CACHE names is expanded or refused by its name")
    func environment() throws {
        let home = try #require(UserPath.environmentHome)
        func folder(_ value: String) throws -> String {
            try PreparedDataset.defaultCacheFolder(besideOutput: "/runs/x", environment: ["CATENA_CACHE": value])
        }
        #expect(try folder("~/c") == home + "/c")
        #expect(try folder("/c") == "/c")
        #expect(try folder("") == "/runs/.catena-cache")
        let error = #expect(throws: DataError.self) { try folder("~bob/c") }
        #expect(error?.description.hasPrefix("CATENA_CACHE: ") == true && error?.description.contains("~bob") == true)
    }
}
