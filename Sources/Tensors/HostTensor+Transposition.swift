extension HostTensor {
  /// The tensor with axis `i` taken from axis `order[i]`.
  public func transposed(_ order: [Int]) -> HostTensor {
    let target = order.map { dimensions[$0] }
    // Axes of one element may stand anywhere.
    let moving = order.filter { dimensions[$0] != 1 }
    guard moving != moving.sorted() else { return HostTensor(elementType: elementType, dimensions: target, bytes: bytes) }
    let strides = moving.map { dimensions.rowMajorStrides[$0] }
    let sizes = moving.map { dimensions[$0] }
    let moved =
      switch elementType.byteCount {
      case 1: Self.moved(bytes, sizes, strides, as: UInt8.self)
      case 2: Self.moved(bytes, sizes, strides, as: UInt16.self)
      case 4: Self.moved(bytes, sizes, strides, as: UInt32.self)
      default: Self.moved(bytes, sizes, strides, as: UInt64.self)
      }
    return HostTensor(elementType: elementType, dimensions: target, bytes: moved)
  }

  /// Elements of a kind by rising indices, the last one first, of axes of these sizes and strides.
  private static func moved<Element: BitwiseCopyable>(_ bytes: [UInt8], _ sizes: [Int], _ strides: [Int], as: Element.Type) -> [UInt8] {
    let (row, step) = (sizes[sizes.count - 1], strides[strides.count - 1])
    var index = [Int](repeating: 0, count: sizes.count - 1)
    var offset = 0
    return unsafe [UInt8](unsafeUninitializedCapacity: bytes.count) { result, count in
      let target = UnsafeMutableRawBufferPointer(result)
      unsafe bytes.withUnsafeBytes { source in
        while count < bytes.count {
          for position in 0..<row {
            let element = unsafe source.loadUnaligned(fromByteOffset: (offset + position * step) * MemoryLayout<Element>.size, as: Element.self)
            unsafe target.storeBytes(of: element, toByteOffset: count + position * MemoryLayout<Element>.size, as: Element.self)
          }
          count += row * MemoryLayout<Element>.size
          var axis = index.count - 1
          while axis >= 0 {
            index[axis] += 1
            offset += strides[axis]
            if index[axis] < sizes[axis] { break }
            offset -= strides[axis] * sizes[axis]
            index[axis] = 0
            axis -= 1
          }
        }
      }
    }
  }
}
