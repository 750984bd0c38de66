import Glibc
import Tensors

/// Reading `.npy` files.
enum TensorFile {
  static func read(_ path: String) throws -> HostTensor {
    guard let file = unsafe fopen(path, "rb") else { throw CommandFailure("\(path): can't be opened: \(unsafe String(cString: strerror(errno)))") }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe fread(&chunk, 1, chunk.count, file)
      guard count > 0 else { break }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= 1 << 30 else { throw CommandFailure("\(path): is larger than 1 GiB") }
    }
    do {
      return try HostTensor(npy: bytes)
    } catch {
      throw CommandFailure("\(path): \(error.message)")
    }
  }
}
