import Glibc
import ModelCompiler
import ONNX
import TFLite

/// Reading model files of every format, in ONNX's terms.
enum ModelFile {
  static func read(_ path: String) throws -> ONNXModel {
    guard try FileStart.isTFLite(path) else { return try ONNXModel(contentsOf: path) }
    do {
      return try ONNXModel(try TFLiteModel(contentsOf: path))
    } catch let error as TFLiteError {
      throw CommandFailure(error.message, status: error.code == .unsupported ? .unsupported : .failed)
    } catch let error as CompilerError {
      throw CommandFailure("\(path): \(error.message)", status: error.code == .unsupported ? .unsupported : .failed)
    }
  }
}

/// Telling packages, TFLite and ONNX files apart by their first bytes.
enum FileStart {
  static func isPackage(_ path: String) throws -> Bool { try bytes(of: path) == [UInt8]("SWIFTLET".utf8) }

  static func isFolder(_ path: String) -> Bool {
    var facts = stat()
    return unsafe stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
  }

  /// TFLite files have their identifier at byte 4; ONNX has none.
  static func isTFLite(_ path: String) throws -> Bool { try bytes(of: path).dropFirst(4).elementsEqual("TFL3".utf8) }

  /// The first eight bytes, fewer where the file ends.
  private static func bytes(of path: String) throws -> [UInt8] {
    // A pipe without a writer must not hold the command up.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw CommandFailure("\(path): can't be opened: \(unsafe String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var facts = stat()
    guard unsafe fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT != S_IFDIR else {
      throw CommandFailure(
        "\(path): is a folder: name the file in it, or make a package of a pretrained model's by: swiftlet compile \(path) -o NAME.swiftlet")
    }
    guard facts.st_mode & S_IFMT == S_IFREG else { throw CommandFailure("\(path): is not a regular file") }
    var start = [UInt8](repeating: 0, count: 8)
    let count = unsafe Glibc.read(descriptor, &start, start.count)
    start = Array(start.prefix(max(count, 0)))
    if let kind = mistake(start) { throw CommandFailure("\(path) is \(kind), no model: give a package, an ONNX or a TFLite file") }
    return start
  }

  /// What a file is that people take for a model by mistake; nil for anything else.
  private static func mistake(_ start: [UInt8]) -> String? {
    guard !start.isEmpty else { return "empty" }
    let kinds: [(start: [UInt8], name: String)] = [
      ([0xFF, 0xD8, 0xFF], "a JPEG image"), ([0x89] + Array("PNG".utf8), "a PNG image"), (Array("BM".utf8), "a BMP image"),
      ([0x93] + Array("NUMPY".utf8), "a .npy tensor"), (Array("PK".utf8) + [3, 4], "a ZIP archive, as PyTorch's own files are"),
      ([0x1F, 0x8B], "compressed"), (Array("RIFF".utf8), "a sound or image in a RIFF file"), ([0x89] + Array("HDF".utf8), "an HDF5 file, as Keras writes"),
    ]
    if let known = kinds.first(where: { start.starts(with: $0.start) }) { return known.name }
    // An ONNX file begins with the byte 8 and a small number, which no text does.
    let isText = start.allSatisfy { 0x20...0x7E ~= $0 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 || $0 >= 0x80 }
    return isText && start.count == 8 && !start.elementsEqual("SWIFTLET".utf8) ? "a text" : nil
  }
}
