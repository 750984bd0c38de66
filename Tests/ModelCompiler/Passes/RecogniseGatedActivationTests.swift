@testable import ModelCompiler
import ModelFormat
import Operators
import Testing

struct RecogniseGatedActivationTests {
  @Test(arguments: [("Sigmoid", UnaryFunction.silu), ("HardSigmoid", .hardSwish)], [true, false])
  func `a value times its own gate is one function`(gate: (String, UnaryFunction), gateComesFirst: Bool) throws {
    var model = SmallModel.of([1, 4])
    model.append(gate.0, ["x"], ["g"])
    model.append("Mul", gateComesFirst ? ["g", "x"] : ["x", "g"], ["y"])
    var probe = try PassProbe(model)
    try probe.run(RecogniseGatedActivation())
    #expect(probe.graph.nodes.count == 1)
    #expect(probe.graph.nodes[0].elementFunction(in: probe.graph)?.function == gate.1)
  }

  @Test func `gates of another value, of another function, or read elsewhere stay`() throws {
    var other = SmallModel.of([1, 4])
    other.append("Neg", ["x"], ["n"])
    other.append("Sigmoid", ["n"], ["g"])
    other.append("Mul", ["x", "g"], ["y"])
    var tanh = SmallModel.of([1, 4])
    tanh.append("Tanh", ["x"], ["g"])
    tanh.append("Mul", ["x", "g"], ["y"])
    var shared = SmallModel.of([1, 4], outputs: ["y", "g"])
    shared.append("Sigmoid", ["x"], ["g"])
    shared.append("Mul", ["x", "g"], ["y"])
    for model in [other, tanh, shared] {
      var probe = try PassProbe(model)
      let before = probe.operators
      try probe.run(RecogniseGatedActivation())
      #expect(probe.operators == before)
    }
  }
}
