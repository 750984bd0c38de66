import Foundation
import ModelManifest
import SharedData

@testable import swiftlet

/// Real models of the shared folder, compiled by the repository's recipes.
enum RecipePackages {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").standardized.path

  static func package(_ model: String) throws -> ModelPackage {
    try ModelSourceOptions.parse(["--recipe", "\(root)/Calibration/recipes/\(model).yaml"]).package(at: "\(Shared.root!)/models/\(model).onnx")
  }
}
