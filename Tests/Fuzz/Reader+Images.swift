import CatenaEngine
import CatenaFiles
import CatenaLearning
import CatenaModels
import Foundation

extension Reader {
    /// Files of images, and models of them.
    static func images(_ corpus: Corpus) throws -> [Reader] {
        let folder = "Tests/Fixtures/image-files/"
        func pair(_ images: String, _ labels: String) throws -> [String: [UInt8]] {
            [images: try corpus.bytes(folder + images), labels: try corpus.bytes(folder + labels)]
        }
        let engine = Engine(threads: 1)
        return [
            Reader(
                name: "image-arrays",
                inputs: [
                    try pair("t-images-idx3-ubyte", "t-labels-idx1-ubyte"),
                    try pair("z-images-idx3-ubyte.gz", "z-labels-idx1-ubyte.gz"),
                    try pair("last-images.npy", "last-labels.npy"),
                    try pair("doubles-images.npy", "doubles-labels.npy"),
                ],
                words: [
                    "(5, 2, 4)", "(99999999, 9999, 9999)", "(5,)", "'<f4'", "'<i8'", "'fortran_order': True", "1", ",",
                    ")",
                ]
            ) { folder in
                let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("images") }
                for name in names { _ = try ExampleReader.read(path: folder + "/" + name, task: .classification) }
            },
            Reader(
                name: "png",
                inputs: try ["grey", "colour", "palette", "palette-4-bits", "transparent"].map {
                    ["x.png": try corpus.bytes(folder + $0 + ".png")]
                }
            ) { folder in
                try FileManager.default.createDirectory(atPath: folder + "/all/a", withIntermediateDirectories: true)
                try FileManager.default.moveItem(atPath: folder + "/x.png", toPath: folder + "/all/a/x.png")
                _ = try ExampleReader.read(path: folder + "/all", task: .classification)
            },
            Reader(
                name: "pixels",
                inputs: [["a.jsonl": Array("{\"pixels\": [[1, 2], [3.5, -4]], \"label\": 3}\n".utf8)]],
                words: ["[", "]", "[[[1]]]", "1e99", "\"pixels\"", ","]
            ) { _ = try ExampleReader.read(path: $0 + "/a.jsonl", task: .classification) },
            Reader(
                name: "image-shape",
                inputs: try ["convnet", "resnet", "preresnet"].map { name in
                    let folder = "Tests/Fixtures/images/\(name)/model/"
                    return Dictionary(
                        uniqueKeysWithValues: try ["config.json", "model.safetensors"].map {
                            ($0, try corpus.bytes(folder + $0))
                        })
                },
                keeps: ["model.safetensors"],
                words: [
                    #""image_size":1024,"#, #""image_size":[1,2],"#, #""num_channels":256,"#, #""width":4096,"#,
                    #""depth":8,"#,
                    #""blocks":256,"#, #""widths":[4096,4096],"#, #""first_padding":16,"#, #""image_std":0,"#,
                    #""norm_images":1,"#,
                    #""num_labels":65536,"#, #""pooling":"max","#, "-", "0", "e9",
                ]
            ) { folder in
                let model = try LanguageModel.load(folder, engine: engine)
                guard let images = model.configuration.images, images.pixelCount < 1 << 12 else { return }
                var batch = Batch()
                batch.append(
                    pixels: repeatElement(0.5, count: images.pixelCount), target: .category(0), exampleIndex: 0)
                _ = model.head.scores(model.hiddenStates(of: batch), layout: batch.layout, engine: engine)
            },
        ]
    }
}
