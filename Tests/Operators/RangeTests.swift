import ModelGraph
import Operators
import Tensors
import Testing

struct RangeTests {
  @Test func `a range of doubles is counted in doubles`() throws {
    let bounds = [0, 0.3, 0.1].map { HostTensor([Double($0)], dimensions: []) }
    let range = try RangeOperator(.plain("Range")).evaluate(bounds)[0]
    #expect(range == HostTensor([Double(0), 0.1, 0.2], dimensions: [3]))
  }
}
