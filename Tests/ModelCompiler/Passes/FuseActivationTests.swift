@testable import ModelCompiler
import ModelFormat
import ModelGraph
import Operators
import Tensors
import Testing

struct FuseActivationTests {
  private let x = HostTensor([Float(1), -2, 0.5, 4, 3, 0, -1, 2], dimensions: [1, 2, 2, 2])

  private func convolution(outputs: [String] = ["y"]) -> SmallModel {
    var model = SmallModel.of([1, 2, 2, 2], outputs: outputs)
    model.floats("w", [1, 2, -3, 0.5], [2, 2, 1, 1])
    model.append("Conv", ["x", "w"], ["sum"])
    return model
  }

  @Test(arguments: ["Relu", "Sigmoid", "Tanh", "HardSwish", "LeakyRelu"]) func `a function behind a convolution moves into it`(_ type: String) throws {
    var model = convolution()
    model.append(type, ["sum"], ["y"])
    var probe = try PassProbe(model)
    let before = try probe.evaluated(x)
    try probe.run(FuseActivation())
    #expect(probe.operators == ["Conv"])
    #expect(probe.graph.nodes[0].operation.linearEpilogue?.function != .identity)
    #expect(try probe.evaluated(x) == before)
  }

  @Test func `a sum that is read elsewhere stays`() throws {
    var model = convolution(outputs: ["y", "sum"])
    model.append("Relu", ["sum"], ["y"])
    var probe = try PassProbe(model)
    try probe.run(FuseActivation())
    #expect(probe.operators == ["Conv", "Relu"])
  }

  @Test func `only one function moves in`() throws {
    var model = convolution()
    model.append("Sigmoid", ["sum"], ["s"])
    model.append("Tanh", ["s"], ["y"])
    var probe = try PassProbe(model)
    try probe.run(FuseActivation())
    #expect(probe.operators == ["Conv", "Tanh"])
  }

  @Test func `the rounding before the function is kept`() throws {
    var model = convolution()
    model.form("f", scale: 0.5, zeroPoint: 128)
    model.quantise("sum", "q", as: "f")
    model.dequantise("q", "r", as: "f")
    model.append("Sigmoid", ["r"], ["y"])
    var probe = try PassProbe(model, after: [AbsorbQuantisation()])
    try probe.run(FuseActivation())
    #expect(probe.operators == ["Conv"])
    #expect(probe.graph.nodes[0].operation.linearEpilogue?.beforeFunction == StoredQuantisation(.uint8, Quantisation(scale: 0.5, zeroPoint: 128)))
  }
}

struct FuseResidualTests {
  private let x = HostTensor([Float(1), -2, 0.5, 4, 3, 0, -1, 2], dimensions: [1, 2, 2, 2])

  @Test(arguments: [["sum", "x"], ["x", "sum"]]) func `an addition behind a convolution becomes its residual`(_ operands: [String]) throws {
    var model = SmallModel.of([1, 2, 2, 2])
    model.floats("w", [1, 2, -3, 0.5], [2, 2, 1, 1])
    model.append("Conv", ["x", "w"], ["sum"])
    model.append("Add", operands, ["z"])
    model.append("Relu", ["z"], ["y"])
    var probe = try PassProbe(model)
    let before = try probe.evaluated(x)
    try probe.run(FuseResidual())
    #expect(probe.operators == ["Conv", "Relu"])
    // A clamp may follow the residual inside; the second round of the pass list puts it there.
    try probe.run(FuseActivation())
    #expect(probe.operators == ["Conv"])
    #expect(try probe.evaluated(x) == before)
  }

  @Test func `of two convolutions the later one takes the other as its residual`() throws {
    var model = SmallModel.of([1, 2, 2, 2])
    model.floats("w", [1, 2, -3, 0.5], [2, 2, 1, 1])
    model.append("Conv", ["x", "w"], ["first"])
    model.append("Conv", ["first", "w"], ["second"])
    model.append("Neg", ["x"], ["n"])
    model.append("Conv", ["n", "w"], ["third"])
    model.append("Add", ["second", "third"], ["y"])
    var probe = try PassProbe(model)
    let before = try probe.evaluated(x)
    try probe.run(FuseResidual())
    #expect(probe.operators.filter { $0 == "Conv" }.count == 3 && !probe.operators.contains("Add"))
    #expect(try probe.evaluated(x) == before)
  }

  @Test func `a broadcast addend and a value added to itself stay`() throws {
    var broadcast = SmallModel.of([1, 2, 2, 2])
    broadcast.floats("w", [1, 2, -3, 0.5], [2, 2, 1, 1])
    broadcast.append("GlobalAveragePool", ["x"], ["mean"])
    broadcast.append("Conv", ["x", "w"], ["sum"])
    broadcast.append("Add", ["sum", "mean"], ["y"])
    var twice = SmallModel.of([1, 2, 2, 2])
    twice.floats("w", [1, 2, -3, 0.5], [2, 2, 1, 1])
    twice.append("Conv", ["x", "w"], ["sum"])
    twice.append("Add", ["sum", "sum"], ["y"])
    for model in [broadcast, twice] {
      var probe = try PassProbe(model)
      try probe.run(FuseResidual())
      #expect(probe.operators.contains("Add"))
    }
  }
}
