import ArgumentParser
import Glibc
import ModelCompiler
import ModelManifest
import ONNX
import Tensors

/// Where a model comes from: a package, or a model file (ONNX or TFLite) that is compiled in memory, unchanged in precision.
struct ModelSourceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("For a model file: labels, input and decoding.", valueName: "file"))
  var recipe: String?

  @Option(
    help: ArgumentHelp(
      """
      The shape of an input, as NAME=1x3x224x224; when compiling, NAME=1x64x16..2048 leaves a size open between bounds. Of a package, bench takes sizes for \
      what it left open; elsewhere they follow from what it is given. May be given more than once.
      """, valueName: "name=shape"))
  var shape: [String] = []

  @Option(
    help: ArgumentHelp(
      "For a model file: the value of an input that is known now, as NAME=VALUE or NAME=VALUE,VALUE… It becomes part of the program. May be given more than once.",
      valueName: "name=value"))
  var constant: [String] = []

  /// The package behind a path.
  /// - Parameter bindsSizes: whether the caller binds what a package left open to the sizes given.
  func package(at path: String, bindsSizes: Bool = false) throws -> ModelPackage {
    if try FileStart.isPackage(path) {
      guard recipe == nil, constant.isEmpty else {
        throw CommandFailure("\(path) is a package, which carries its own recipe and constants: leave --recipe and --constant out", status: .wrongUse)
      }
      let package = try ModelPackage(contentsOf: path)
      guard shape.isEmpty || package.family != nil else {
        throw CommandFailure("\(path) is a package that left no size open: leave --shape out", status: .wrongUse)
      }
      guard shape.isEmpty || bindsSizes else {
        throw CommandFailure("\(path) is a package, whose open sizes follow from what it is given: leave --shape out (bench takes it)", status: .wrongUse)
      }
      return package
    }
    let compilation = try compilation(of: path)
    let package = try ModelPackage(try explaining(path) { try compilation.compiled() }.file(), origin: path)
    if let recipe = try loadedRecipe() { try RecipeCheck.check(package, against: recipe) }
    return package
  }

  /// The package behind a path; a model file whose recipe leaves a size open is compiled so.
  func packageWithOpenSizes(at path: String) throws -> ModelPackage {
    guard try !FileStart.isPackage(path), let open = try openCompilation(of: path) else { return try package(at: path) }
    let file = try explaining(path) { try open.compiled { (compilation) throws(CompilerError) in try compilation.compiled() }.file() }
    return try ModelPackage(file, origin: path)
  }

  /// The compilation of a model file some of whose sizes --shape leaves open; nil where it leaves none.
  func openCompilation(of path: String, weights: WeightPrecision = .float) throws -> OpenCompilation? {
    // What the caller binds comes before what the recipe does.
    let shapes = try (loadedRecipe()?.shapes ?? [:]).merging(givenShapes()) { $1 }
    guard shapes.values.contains(where: { $0.contains { if case .open = $0 { true } else { false } } }) else { return nil }
    return try reading(path) { model, options in
      var options = options
      options.weights = weights
      return try OpenCompilation(model, name: FilePath.stem(of: path), options: options, shapes: shapes)
    }
  }

  /// The compilation of a model file.
  func compilation(of path: String, weights: WeightPrecision = .float) throws -> ModelCompilation {
    let shapes = try boundShapes()
    return try reading(path) { model, options in
      var options = options
      options.shapes = shapes
      options.weights = weights
      return try ModelCompilation(model, name: FilePath.stem(of: path), options: options)
    }
  }

  /// Reads a model file and hands it on with the options, shapes excepted; a failure names the file.
  private func reading<Result>(_ path: String, _ body: (ONNXModel, CompilationOptions) throws -> Result) throws -> Result {
    guard try !FileStart.isPackage(path) else { throw CommandFailure("\(path) is a package already; compile takes an ONNX or TFLite file", status: .wrongUse) }
    let options = try compilationOptions()
    return try explaining(path) { try body(ModelFile.read(path), options) }
  }

  /// What the options ask of a compilation, shapes excepted.
  func compilationOptions() throws -> CompilationOptions {
    var options = CompilationOptions()
    options.recipe = try loadedRecipe()
    options.constants = try boundConstants()
    return options
  }

  /// Turns a compilation's failures into a command's; each names the file.
  func explaining<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as CompilerError {
      // What a recipe is to blame for names the recipe.
      let isPlaced = error.message.contains(path) || recipe.map { error.message.hasPrefix($0) } ?? false
      let message = isPlaced ? error.message : "\(path): \(error.message)"
      throw CommandFailure(message, status: error.code == .unsupported ? .unsupported : .failed)
    } catch let error as ONNXError {
      throw CommandFailure(error.message, status: error.code == .unsupported ? .unsupported : .failed)
    }
  }

  func loadedRecipe() throws -> Recipe? {
    try recipe.map { try Recipe(contentsOf: $0) }
  }

  private func boundConstants() throws -> [String: HostTensor] {
    var constants: [String: HostTensor] = [:]
    for entry in constant {
      let parts = entry.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let value = HostTensor(constant: String(parts[1])) else {
        throw CommandFailure("--constant \(entry) is not understood: write it as NAME=16000, NAME=0.5 or NAME=1,2,3", status: .wrongUse)
      }
      constants[String(parts[0])] = value
    }
    return constants
  }

  /// The shapes as given, each axis a size or a pair of bounds.
  func givenShapes() throws -> [String: [AxisSize]] {
    var shapes: [String: [AxisSize]] = [:]
    for entry in shape {
      let parts = entry.split(separator: "=", maxSplits: 1)
      let sizes = parts.count == 2 ? parts[1].split(separator: "x", omittingEmptySubsequences: false).map { AxisSize($0) } : []
      guard !sizes.isEmpty, sizes.allSatisfy({ $0 != nil }) else {
        throw CommandFailure(
          "--shape \(entry) is not understood: write it as NAME=1x3x224x224, or NAME=1x64x16..2048 for a size that stays open; sizes are 1 to \(1 << 24)",
          status: .wrongUse)
      }
      guard shapes.updateValue(sizes.map { $0! }, forKey: String(parts[0])) == nil else {
        throw CommandFailure("--shape gives '\(parts[0])' twice", status: .wrongUse)
      }
    }
    return shapes
  }

  func boundShapes() throws -> [String: [Int]] {
    try givenShapes().mapValues { sizes in
      try sizes.map { size in
        guard case .fixed(let value) = size else {
          throw CommandFailure("sizes stay open in packages only: give --shape a size, or compile the model with these bounds", status: .wrongUse)
        }
        return value
      }
    }
  }
}

enum FilePath {
  static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  /// The name without its ending.
  static func stem(of path: String) -> String {
    let name = name(of: path)
    return name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }
}
