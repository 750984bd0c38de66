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

  /// TFLite files have their identifier at byte 4; ONNX has none.
  static func isTFLite(_ path: String) throws -> Bool { try bytes(of: path).dropFirst(4).elementsEqual("TFL3".utf8) }

  /// The first eight bytes, fewer where the file ends.
  private static func bytes(of path: String) throws -> [UInt8] {
    // A pipe without a writer must not hold the command up.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw CommandFailure("\(path): can't be opened: \(unsafe String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var facts = stat()
    guard unsafe fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw CommandFailure("\(path): is not a regular file") }
    var start = [UInt8](repeating: 0, count: 8)
    let count = unsafe Glibc.read(descriptor, &start, start.count)
    return Array(start.prefix(max(count, 0)))
  }
}
