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
        .target(name: "CKernels", dependencies: ["COpenBLAS"]),
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
            name: "CatenaCore",
            dependencies: [
                "CatenaEngine", "CatenaFiles", "CatenaPatterns", "CatenaText", "CatenaJinja", "Yams",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Sources/Core", exclude: ["Engine", "Files", "Patterns", "Text"], swiftSettings: memorySafe),
        .target(
            name: "CatenaDistributed",
            dependencies: [
                "CMPI", "CatenaCore", .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Sources/Distributed", swiftSettings: memorySafe),
        .executableTarget(
            name: "catena",
            dependencies: [
                "CatenaCore", "CatenaDistributed",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: memorySafe),
        .executableTarget(
            name: "DistributedChecks", dependencies: ["CatenaCore", "CatenaDistributed"],
            path: "Tests/DistributedChecks", swiftSettings: strict),
        .executableTarget(
            name: "Fuzz", dependencies: ["CatenaCore", "CatenaDistributed"], path: "Tests/Fuzz", swiftSettings: strict),
        .testTarget(
            name: "CoreTests",
            dependencies: [
                "CatenaCore", "CatenaEngine", "CatenaFiles", "CatenaJinja", "CatenaPatterns", "CatenaText",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DistributedTests", dependencies: ["CatenaCore", "CatenaDistributed"],
            swiftSettings: strict),
    ]
)
