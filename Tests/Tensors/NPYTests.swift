import Tensors
import Testing

struct NPYTests {
  private func file(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
    let text = Array(header.utf8)
    let size = version == 1 ? [UInt8(text.count & 0xFF), UInt8(text.count >> 8)] : [UInt8(text.count & 0xFF), UInt8(text.count >> 8), 0, 0]
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + size + text + data
  }

  @Test(arguments: ElementType.allCases, [[], [0], [3], [2, 3], [1, 2, 1, 2]]) func `every type and rank survives writing and reading`(
    type: ElementType, dimensions: [Int]
  ) throws {
    let bytes = (0..<dimensions.elementCount * type.byteCount).map { type == .bool ? UInt8($0 % 2) : UInt8($0 + 1) }
    let tensor = HostTensor(elementType: type, dimensions: dimensions, bytes: bytes)
    let written = tensor.npyBytes
    #expect((written.count - bytes.count) % 64 == 0)
    #expect(try HostTensor(npy: written) == tensor)
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", "{\"shape\": (2,), \"descr\": \"<f4\", \"fortran_order\": False}",
    "{'descr':'=f4','fortran_order':False,'shape':(1,2)}   \n",
  ]) func `headers as other writers make them are read`(header: String) throws {
    for version in [UInt8(1), 2, 3] {
      let tensor = try HostTensor(npy: file(header, [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40], version: version))
      #expect(tensor.floats() == [1, 2])
    }
  }

  @Test(arguments: [
    ("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", TensorError.Code.unsupported),
    ("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", .unsupported), ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", .unsupported),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", .unsupported), ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", .malformed),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", .malformed), ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", .malformed),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", .malformed),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4), }", .malformed), ("{'descr': '<f4', 'shape': (2,), }", .malformed),
    ("{'descr': '<f4', 'descr': '<f4', 'shape': (2,), }", .malformed), ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", .malformed),
    ("", .malformed), ("{", .malformed), ("{'descr", .malformed), ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", .malformed),
  ]) func `what is no plain array is refused`(header: String, code: TensorError.Code) {
    let error = #expect(throws: TensorError.self) { try HostTensor(npy: file(header, [UInt8](repeating: 0, count: 8))) }
    #expect(error?.code == code)
  }

  @Test func `a file cut short anywhere is refused, and flipped bits never crash`() {
    let whole = HostTensor([Float(1), 2, 3], dimensions: [3]).npyBytes
    for length in 0..<whole.count { #expect(throws: TensorError.self) { try HostTensor(npy: Array(whole[..<length])) } }
    for position in whole.indices {
      for bit in 0..<8 {
        var bytes = whole
        bytes[position] ^= 1 << UInt8(bit)
        _ = try? HostTensor(npy: bytes)
      }
    }
  }
}
