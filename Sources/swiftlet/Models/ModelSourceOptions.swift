import ArgumentParser
import Glibc
import ModelCompiler
import ModelManifest
import ONNX
import Tensors

/// Where a model comes from: a package, or an ONNX file that is compiled in memory, unchanged in precision.
struct ModelSourceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("For an ONNX file: labels, input and decoding.", valueName: "file"))
  var recipe: String?

  @Option(help: ArgumentHelp("For an ONNX file: the shape of an input, as NAME=1x3x224x224. May be given more than once.", valueName: "name=shape"))
  var shape: [String] = []

  @Option(
    help: ArgumentHelp(
      "For an ONNX file: the value of an input that is known now, as NAME=VALUE or NAME=VALUE,VALUE… It becomes part of the program. May be given more than once.",
      valueName: "name=value"))
  var constant: [String] = []

  /// The package behind a path.
  func package(at path: String) throws -> ModelPackage {
    if try FileStart.isPackage(path) {
      guard recipe == nil, shape.isEmpty, constant.isEmpty else {
        throw CommandFailure(
          "\(path) is a package, which carries its own recipe, shapes and constants: leave --recipe, --shape and --constant out", status: .wrongUse)
      }
      return try ModelPackage(contentsOf: path)
    }
    return try ModelPackage(compilation(of: path).compiled().file(), origin: path)
  }

  /// The compilation of an ONNX file.
  func compilation(of path: String) throws -> ModelCompilation {
    guard try !FileStart.isPackage(path) else { throw CommandFailure("\(path) is a package already; compile takes an ONNX file", status: .wrongUse) }
    do {
      let model = try ONNXModel(contentsOf: path)
      var options = CompilationOptions()
      options.shapes = try boundShapes()
      options.recipe = try loadedRecipe()
      options.constants = try boundConstants()
      return try ModelCompilation(model, name: FilePath.stem(of: path), options: options)
    } catch let error as CompilerError {
      let message = error.message.contains(path) ? error.message : "\(path): \(error.message)"
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

  private func boundShapes() throws -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for entry in shape {
      let parts = entry.split(separator: "=", maxSplits: 1)
      let sizes = parts.count == 2 ? parts[1].split(separator: "x").map { Int($0) } : []
      guard !sizes.isEmpty, sizes.allSatisfy({ $0 != nil && 1...1 << 24 ~= $0! }) else {
        throw CommandFailure("--shape \(entry) is not understood: write it as NAME=1x3x224x224, each size 1 to \(1 << 24)", status: .wrongUse)
      }
      shapes[String(parts[0])] = sizes.map { $0! }
    }
    return shapes
  }
}

/// Telling packages from ONNX files by their first bytes.
enum FileStart {
  static func isPackage(_ path: String) throws -> Bool {
    // A pipe without a writer must not hold the command up.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw CommandFailure("\(path): can't be opened: \(unsafe String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var facts = stat()
    guard unsafe fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw CommandFailure("\(path): is not a regular file") }
    var start = [UInt8](repeating: 0, count: 8)
    return unsafe Glibc.read(descriptor, &start, start.count) == 8 && start == [UInt8]("SWIFTLET".utf8)
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
