// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "kernels",
    dependencies: [.package(name: "catena", path: "../..")],
    targets: [
        .executableTarget(
            name: "kernels", dependencies: [.product(name: "CatenaCore", package: "catena")],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)])
    ])
