// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// And every use of unsafe memory is marked: everywhere but in the engine's storage and kernels.
let memorySafe = strict + [.strictMemorySafety()]

/// The layers of the core, the lower ones first; each of them imports only those before it.
let core: [Target.Dependency] = [
    "CatenaFiles", "CatenaPatterns", "CatenaJinja", "CatenaText", "CatenaEngine", "CatenaReporting", "CatenaSchema",
    "CatenaModels", "CatenaAdapters", "CatenaLearning",
]

let package = Package(
    name: "catena",
    products: [
        .executable(name: "catena", targets: ["catena"]),
        .library(name: "CatenaCore", targets: ["CatenaCore"]),
        .library(name: "CatenaDistributed", targets: ["CatenaDistributed"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(
            name: "CMPISystem", pkgConfig: "ompi-c",
            providers: [.apt(["libopenmpi-dev", "openmpi-bin"])]),
        .systemLibrary(name: "CPNGSystem", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .target(name: "CKernels", dependencies: ["COpenBLAS"]),
        .target(name: "CImages", dependencies: ["CPNGSystem"], linkerSettings: [.linkedLibrary("z")]),
        .target(name: "CMPI", dependencies: ["CMPISystem"]),
        .target(
            name: "CatenaFiles", dependencies: ["CKernels", .product(name: "Crypto", package: "swift-crypto")],
            path: "Sources/Core/Files", swiftSettings: memorySafe),
        .target(name: "CatenaPatterns", path: "Sources/Core/Patterns", swiftSettings: memorySafe),
        .target(name: "CatenaJinja", path: "Sources/Core/Text/Jinja", swiftSettings: memorySafe),
        .target(
            name: "CatenaText",
            dependencies: ["CatenaFiles", "CatenaJinja", .product(name: "Crypto", package: "swift-crypto")],
            path: "Sources/Core/Text", exclude: ["Jinja"], swiftSettings: memorySafe),
        .target(
            name: "CatenaEngine", dependencies: ["CKernels", "COpenBLAS", "CatenaFiles"],
            path: "Sources/Core/Engine", swiftSettings: strict),
        .target(
            name: "CatenaReporting", dependencies: ["CatenaFiles"], path: "Sources/Core/Reporting",
            swiftSettings: memorySafe),
        .target(
            name: "CatenaSchema", dependencies: ["CatenaFiles", "CatenaReporting", "Yams"], path: "Sources/Core/Schema",
            swiftSettings: memorySafe),
        .target(
            name: "CatenaModels", dependencies: ["CatenaEngine", "CatenaFiles"], path: "Sources/Core/Models",
            swiftSettings: memorySafe),
        .target(
            name: "CatenaAdapters",
            dependencies: ["CatenaEngine", "CatenaFiles", "CatenaModels", "CatenaPatterns", "CatenaSchema", "CatenaText"],
            path: "Sources/Core/Adapters", swiftSettings: memorySafe),
        .target(
            name: "CatenaLearning",
            dependencies: core.dropLast() + ["CImages", .product(name: "Crypto", package: "swift-crypto")],
            path: "Sources/Core/Learning", swiftSettings: memorySafe),
        .target(name: "CatenaCore", dependencies: core, swiftSettings: memorySafe),
        .target(
            name: "CatenaDistributed",
            dependencies: core + ["CMPI", .product(name: "Crypto", package: "swift-crypto")],
            path: "Sources/Distributed", swiftSettings: memorySafe),
        .executableTarget(
            name: "catena",
            dependencies: core + [
                "CatenaDistributed", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: memorySafe),
        .executableTarget(
            name: "DistributedChecks", dependencies: core + ["CatenaDistributed"],
            path: "Tests/DistributedChecks", swiftSettings: strict),
        .executableTarget(
            name: "LibraryExample", dependencies: ["CatenaCore", "CatenaDistributed"],
            path: "Examples/library/Sources/library", packageAccess: false, swiftSettings: strict),
        .executableTarget(
            name: "Fuzz", dependencies: core + ["CatenaDistributed"], path: "Tests/Fuzz", swiftSettings: strict),
        .testTarget(
            name: "CoreTests",
            dependencies: core + [.product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .testTarget(
            name: "DistributedTests", dependencies: core + ["CatenaDistributed"],
            swiftSettings: strict),
    ]
)
