import Tensors

/// Visits a dense tensor in the order of another layout.
struct PermutedWalk {
  /// Extents of the three innermost axes of the destination and the source's steps along them; `outer` repeats them.
  private let extents: (Int, Int, Int)
  private let steps: (Int, Int, Int)
  private let outerExtents: [Int]
  private let outerSteps: [Int]

  init(dimensions: [Int], permutation: [Int]) {
    let strides = dimensions.rowMajorStrides
    var extents = permutation.map { dimensions[$0] }
    var steps = permutation.map { strides[$0] }
    while extents.count < 3 {
      extents.insert(1, at: 0)
      steps.insert(0, at: 0)
    }
    let split = extents.count - 3
    self.extents = (extents[split], extents[split + 1], extents[split + 2])
    self.steps = (steps[split], steps[split + 1], steps[split + 2])
    outerExtents = Array(extents[..<split])
    outerSteps = Array(steps[..<split])
  }

  @inline(__always)
  func move<From, To>(_ source: UnsafeBufferPointer<From>, to destination: UnsafeMutableBufferPointer<To>, _ convert: (From) -> To) {
    forEachPlane { offset, written in
      var written = written
      for j in 0..<extents.1 {
        var from = offset + j * steps.1
        for _ in 0..<extents.2 {
          unsafe destination[written] = convert(source[from])
          written += 1
          from += steps.2
        }
      }
    }
  }

  /// As `move`, in vectors where neighbours of the source are neighbours, or a channel's pixels, of the destination.
  func quantise(_ source: UnsafeBufferPointer<Float>, to destination: UnsafeMutableBufferPointer<UInt8>, _ linear: LinearBytes) {
    guard let from = source.baseAddress, let to = destination.baseAddress else { return }
    if steps.2 == 1 {
      forEachPlane { offset, written in
        for j in 0..<extents.1 {
          unsafe linear.store(from + (offset + j * steps.1), count: extents.2, to: to + (written + j * extents.2))
        }
      }
    } else if steps.1 == 1, extents.2 == 3 {
      forEachPlane { offset, written in
        unsafe linear.storeInterleaved(from + offset, planes: steps.2, count: extents.1, to: to + written)
      }
    } else if steps.1 == 1, extents.1 >= 8 {
      forEachPlane { offset, written in
        for k in 0..<extents.2 {
          unsafe linear.store(from + (offset + k * steps.2), count: extents.1, to: to + (written + k), step: extents.2)
        }
      }
    } else {
      unsafe move(source, to: destination) { linear.stored($0) }
    }
  }

  /// With a plane's first element in the source, and in the destination.
  @inline(__always)
  private func forEachPlane(_ body: (_ offset: Int, _ written: Int) -> Void) {
    var written = 0
    for block in 0..<outerExtents.reduce(1, *) {
      var offset = 0
      var rest = block
      for axis in outerExtents.indices.reversed() {
        offset += rest % outerExtents[axis] * outerSteps[axis]
        rest /= outerExtents[axis]
      }
      for i in 0..<extents.0 {
        body(offset + i * steps.0, written)
        written += extents.1 * extents.2
      }
    }
  }
}
