@testable import ModelCompiler
import Testing

struct RemoveIdentitiesTests {
  @Test func `identities and dropouts between nodes go`() throws {
    var model = SmallModel.of([1, 4])
    model.append("Neg", ["x"], ["a"])
    model.append("Identity", ["a"], ["b"])
    model.append("Dropout", ["b"], ["c"])
    model.append("Abs", ["c"], ["y"])
    var probe = try PassProbe(model)
    try probe.run(RemoveIdentities())
    #expect(probe.operators == ["Neg", "Abs"])
  }

  @Test func `an identity from an input to an output is a copy and stays`() throws {
    var model = SmallModel.of([1, 4])
    model.append("Identity", ["x"], ["y"])
    var probe = try PassProbe(model)
    try probe.run(RemoveIdentities())
    #expect(probe.operators == ["Identity"])
  }

  @Test func `an output behind an identity keeps its name and type`() throws {
    var model = SmallModel.of([1, 4])
    model.append("Neg", ["x"], ["a"])
    model.append("Identity", ["a"], ["b"])
    model.append("Identity", ["b"], ["y"])
    var probe = try PassProbe(model)
    try probe.run(RemoveIdentities())
    #expect(probe.operators == ["Neg"] && probe.graph.outputNames == ["y"])
    #expect(probe.graph[probe.graph.outputs[0]].declaredType == .float32)
  }
}
