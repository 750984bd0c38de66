@testable import ModelCompiler
import Operators
import Tensors
import Testing

struct RecogniseLinearTests {
  private func product(addend: [Float], _ dimensions: [Int], attributes: Bool = false) -> SmallModel {
    var model = SmallModel.of([2, 3])
    model.floats("w", [1, 2, 3, 4, 5, 6], [3, 2])
    model.floats("c", addend, dimensions)
    model.append("MatMul", ["x", "w"], ["p"])
    model.append("Add", ["c", "p"], ["y"])
    return model
  }

  private let x = HostTensor([Float(1), 2, 3, -1, 0, 4], dimensions: [2, 3])

  @Test func `a product with constant weights becomes Gemm, a row added to it the bias`() throws {
    var probe = try PassProbe(product(addend: [10, 20], [2]))
    let before = try probe.evaluated(x)
    try probe.run(RecogniseLinear())
    #expect(probe.operators == ["Gemm", "Add"])
    try probe.run(FuseLinearBias())
    #expect(probe.operators == ["Gemm"])
    #expect(try probe.evaluated(x) == before)
  }

  @Test(arguments: [([Float(10), 20], [2, 1]), ([10], [1]), ([1, 2, 3, 4], [2, 2])])
  func `what is no row of the product's width stays an addition`(values: [Float], dimensions: [Int]) throws {
    var probe = try PassProbe(product(addend: values, dimensions), after: [RecogniseLinear()])
    let before = try probe.evaluated(x)
    try probe.run(FuseLinearBias())
    #expect(probe.operators == ["Gemm", "Add"])
    #expect(try probe.evaluated(x) == before)
  }

  @Test func `a product of computed matrices stays`() throws {
    var model = SmallModel.of([2, 2])
    model.append("Transpose", ["x"], ["t"])
    model.append("MatMul", ["x", "t"], ["y"])
    var probe = try PassProbe(model)
    try probe.run(RecogniseLinear())
    #expect(probe.operators == ["Transpose", "MatMul"])
  }

  @Test(arguments: [([3], false), ([3, 1], true), ([1, 3, 1], true)] as [([Int], Bool)])
  func `a constant a channel becomes a convolution's bias, one along another axis doesn't`(dimensions: [Int], fuses: Bool) throws {
    var model = SmallModel.of([1, 2, 3])
    model.floats("w", [1, 2, 3, 4, 5, 6], [3, 2, 1])
    model.floats("c", [10, 20, 30], dimensions)
    model.append("Conv", ["x", "w"], ["sum"])
    model.append("Add", ["sum", "c"], ["y"])
    var probe = try PassProbe(model)
    let before = try probe.evaluated(x.reshaped(to: [1, 2, 3]))
    try probe.run(FuseLinearBias())
    #expect(probe.operators == (fuses ? ["Conv"] : ["Conv", "Add"]))
    #expect(try probe.evaluated(x.reshaped(to: [1, 2, 3])) == before)
  }
}
