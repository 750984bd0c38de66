import ModelFormat
import Tensors
import Testing

struct SequenceRulesTests {
  typealias Case = InstructionRulesTests.Case

  static let cases: [Case] = [
    Case("rounds activations to 4 bits", TestProgram.roundedConvolution) { $0.convolve { $0.narrow?.activationBits = 4 } },
    Case("has 4 heads", TestProgram.attention) { $0.attend { $0.heads = 4 } },
    Case("has 0 heads", TestProgram.attention) { $0.attend { $0.heads = 0 } },
    Case("has -1 heads", TestProgram.attention) { $0.attend { $0.heads = -1 } },
    Case("keys [3, 6] and values [2, 6]", TestProgram.attention) { $0.tensors[3].dimensions = [2, 6] },
    Case("keys [3, 5]", TestProgram.attention) { $0.tensors[2].dimensions = [3, 5] },
    Case("is no matrix", TestProgram.attention) { $0.tensors[2].dimensions = [3, 2, 3] },
    Case("is no matrix", TestProgram.attention) { $0.tensors[2].dimensions = [0, 6] },
    Case("is no matrix", TestProgram.attention) { $0.tensors[0].elementType = .int32 },
    Case("'v' of float32 [3, 6] is no matrix of float16", TestProgram.attention) { $0.tensors[2].elementType = .float16 },
    Case("'k' of int32 [3, 6] is no matrix of float32", TestProgram.attention) { $0.tensors[2].elementType = .int32 },
    Case("has keys of 16-bit floats for 2 queries, and one can have them", TestProgram.attention) {
      for i in [0, 1] { $0.tensors[i].dimensions = [2, 6] }
      for i in [2, 3] { $0.tensors[i].elementType = .float16 }
    },
    Case("a key without a value", TestProgram.attention) { $0.attend { $0.ownValue = nil } },
    Case("attends to a row [2, 6]", TestProgram.attention) { $0.tensors[4].dimensions = [2, 6] },
    Case("of its own with 2 queries", TestProgram.attention) { for i in [0, 1] { $0.tensors[i].dimensions = [2, 6] } },
    Case("counts rows by int64 [2]", TestProgram.attention) { $0.tensors[6].dimensions = [2] },
    Case("counts rows by float32", TestProgram.attention) { $0.tensors[6].elementType = .float32 },
    Case("lies among the weights", TestProgram.attention) { $0.tensors[1].storage = .weights(offset: 0) },
    Case("overwrites 'k', which it reads", TestProgram.attention) { $0.tensors[1].storage = .arena(offset: 508) },
    Case("turns [2, 12] into [2, 11]", TestProgram.rotation) { $0.tensors[1].dimensions = [2, 11] },
    Case("and sines [2, 4]", TestProgram.rotation) { $0.tensors[3].dimensions = [2, 4] },
    Case("has 4 heads of 12 elements, of which 2 pairs", TestProgram.rotation) { $0.turn { $0.heads = 4 } },
    Case("has 0 heads", TestProgram.rotation) { $0.turn { $0.heads = 0 } },
    Case("for 2 rows", TestProgram.rotation) { $0.tensors[4].dimensions = [3] },
    Case("has positions int32", TestProgram.rotation) { $0.tensors[4].elementType = .int32 },
    Case("normalises float32 [2, 4] as float32 [4, 2]", TestProgram.normalisation) { $0.tensors[1].dimensions = [4, 2] },
    Case("scales or shifts [2, 4] by float32 [3]", TestProgram.normalisation) { $0.tensors[2].dimensions = [3] },
    Case("scales or shifts", TestProgram.normalisation) { $0.tensors[3].elementType = .int32 },
    Case("adds the epsilon nan", TestProgram.normalisation) { $0.normalise { $0.epsilon = .nan } },
    Case("adds the epsilon -1", TestProgram.normalisation) { $0.normalise { $0.epsilon = -1 } },
  ]

  @Test func `keys and values of one query may be 16-bit floats`() throws {
    var program = TestProgram.attention
    #expect(program.encoded().prefix(4) == [1, 0, 0, 0])
    for i in [2, 3] { program.tensors[i].elementType = .float16 }
    #expect(program.refusal() == nil)
    // Readers of the version before are told that they are too old.
    #expect(program.encoded().prefix(4) == [2, 0, 0, 0])
    #expect(try Program(decoding: program.encoded()) == program)
  }

  @Test(arguments: cases) func `a broken rule of a sequence's instruction is told`(_ rule: Case) {
    let refusal = rule.program.refusal()
    #expect(refusal?.contains(rule.message) == true, "expected '\(rule.message)', was told \(refusal ?? "nothing")")
  }
}

extension Program {
  fileprivate mutating func attend(_ change: (inout Attention) -> Void) {
    guard case .attention(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .attention(fields)
  }

  fileprivate mutating func turn(_ change: (inout Rotation) -> Void) {
    guard case .rotation(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .rotation(fields)
  }

  fileprivate mutating func normalise(_ change: (inout Normalisation) -> Void) {
    guard case .normalisation(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .normalisation(fields)
  }
}
