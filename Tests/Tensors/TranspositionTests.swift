import Tensors
import Testing

struct TranspositionTests {
  /// By the definition.
  private func transposed(_ values: [Int64], _ dimensions: [Int], _ order: [Int]) -> [Int64] {
    let target = order.map { dimensions[$0] }
    return values.indices.map { place in
      var (rest, offset) = (place, 0)
      for (axis, size) in zip(order, target).reversed() {
        offset += rest % size * dimensions[(axis + 1)...].reduce(1, *)
        rest /= size
      }
      return values[offset]
    }
  }

  @Test(arguments: [
    ([2, 3, 4], [2, 0, 1]), ([2, 3, 4], [2, 1, 0]), ([2, 3, 4], [0, 2, 1]), ([3, 5], [1, 0]), ([4, 6, 1], [0, 2, 1]), ([1, 4, 6], [1, 2, 0]),
    ([2, 1, 3, 2], [3, 1, 0, 2]), ([5], [0]), ([], []), ([2, 0, 3], [2, 1, 0]), ([2, 3, 4], [0, 1, 2]),
  ])
  func `each element goes where its axes go, whatever its type`(dimensions: [Int], order: [Int]) {
    let values = (0..<Int64(dimensions.reduce(1, *))).map { $0 * 37 % 101 - 50 }
    let (expected, shape) = (transposed(values, dimensions, order), order.map { dimensions[$0] })
    #expect(HostTensor(values, dimensions: dimensions).transposed(order) == HostTensor(expected, dimensions: shape))
    #expect(HostTensor(values.map { Float($0) }, dimensions: dimensions).transposed(order) == HostTensor(expected.map { Float($0) }, dimensions: shape))
    #expect(HostTensor(values.map { Int16($0) }, dimensions: dimensions).transposed(order) == HostTensor(expected.map { Int16($0) }, dimensions: shape))
    #expect(HostTensor(values.map { Int8($0) }, dimensions: dimensions).transposed(order) == HostTensor(expected.map { Int8($0) }, dimensions: shape))
  }
}
