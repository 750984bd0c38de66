@testable import ModelCompiler
import Tensors
import Testing

struct FoldBatchNormalisationTests {
  private func model(hasBias: Bool, readsSum: Bool = false) -> SmallModel {
    var model = SmallModel.of([1, 2, 2, 2], outputs: readsSum ? ["y", "sum"] : ["y"])
    model.floats("w", [1, 2, 3, 4, 5, 6], [3, 2, 1, 1])
    model.floats("b", [1, -1, 2])
    model.floats("scale", [2, 0.5, -1])
    model.floats("shift", [0, 1, 3])
    model.floats("mean", [1, 2, 0.5])
    model.floats("variance", [4, 0.25, 1])
    model.append("Conv", hasBias ? ["x", "w", "b"] : ["x", "w"], ["sum"])
    model.append("BatchNormalization", ["sum", "scale", "shift", "mean", "variance"], ["y"], ["epsilon": .float(1e-3)])
    return model
  }

  @Test(arguments: [true, false]) func `a normalisation behind a convolution becomes its weights and bias`(hasBias: Bool) throws {
    let x = HostTensor([Float(1), -2, 0.5, 4, 3, 0, -1, 2], dimensions: [1, 2, 2, 2])
    var probe = try PassProbe(model(hasBias: hasBias))
    let before = try probe.evaluated(x)[0].floats()
    try probe.run(FoldBatchNormalisation())
    #expect(probe.operators == ["Conv"] && probe.graph.nodes[0].inputs.count == 3)
    let after = try probe.evaluated(x)[0].floats()
    #expect(zip(before, after).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func `a convolution whose sums are read elsewhere stays as it is`() throws {
    var probe = try PassProbe(model(hasBias: true, readsSum: true))
    try probe.run(FoldBatchNormalisation())
    #expect(probe.operators == ["Conv", "BatchNormalization"])
  }
}
