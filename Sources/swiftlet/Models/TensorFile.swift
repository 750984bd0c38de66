import Imaging
import Tensors

/// Reading `.npy` files.
enum TensorFile {
  static func read(_ path: String) throws -> HostTensor {
    let bytes = try FileBytes.read(path, maximumByteCount: 1 << 30)
    do {
      return try HostTensor(npy: bytes)
    } catch {
      throw CommandFailure("\(path): \(error.message)")
    }
  }
}
