// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "library",
    dependencies: [.package(name: "catena", path: "../..")],
    targets: [
        .executableTarget(
            name: "library",
            dependencies: [
                .product(name: "CatenaCore", package: "catena"), .product(name: "CatenaDistributed", package: "catena"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)])
    ])
