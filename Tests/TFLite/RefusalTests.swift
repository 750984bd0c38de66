import ModelCompiler
import TFLite
import Testing

/// What isn't supported is refused by its name, all of it at once.
struct RefusalTests {
  private func refusal(_ change: (inout SmallTFLite) -> Void) throws -> CompilerError? {
    var model = SmallTFLite.relu
    change(&model)
    let read = try TFLiteModel(bytes: model.file)
    do {
      _ = try ModelCompilation(read, name: "refused").compiled()
      return nil
    } catch {
      return error
    }
  }

  @Test func `all missing operators are named at once, by TFLite's names`() throws {
    let error = try refusal {
      $0.tensors += [.init(name: "a", shape: [1, 3]), .init(name: "b", shape: [1, 3])]
      $0.operators = [
        .init(code: 16, inputs: [0], outputs: [2]), .init(code: 32, custom: "TFLite_Detection_PostProcess", inputs: [2], outputs: [3]),
        .init(code: 204, inputs: [3], outputs: [1]),
      ]
    }
    #expect(error?.code == .unsupported)
    for name in ["LSTM (1×)", "custom operator TFLite_Detection_PostProcess (1×)", "STABLEHLO_RNG_BIT_GENERATOR (1×)"] {
      #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
    }
  }

  @Test func `an operator later than this version is named by its number`() throws {
    let error = try refusal { $0.operators[0].code = 5000 }
    #expect(error?.message.contains("operator code 5000") == true)
  }

  @Test func `a modulus without its divisor is refused`() throws {
    let error = try refusal { $0.operators[0].code = 95 }
    #expect(error?.message.contains("has 1 of its 2 inputs") == true, "\(error?.message ?? "")")
  }

  @Test func `int16 activations are refused by name`() throws {
    let error = try refusal {
      for index in 0..<2 {
        $0.tensors[index].type = 7
        $0.tensors[index].quantisation = [2: .floats([0.1]), 3: .longs([0])]
      }
    }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("int16 activations (16x8 quantisation) in 'x'") == true)
  }

  @Test func `string inputs, variables and sparse tensors are refused`() throws {
    #expect(try refusal { $0.tensors[0].type = 5 }?.message.contains("string") == true)
    #expect(try refusal { $0.tensors[0].further = [5: .byte(1)] }?.message.contains("variable") == true)
    #expect(try refusal { $0.tensors[0].further = [6: .table([:])] }?.message.contains("sparse") == true)
  }

  @Test func `sizes that no machine can count are refused, even of a tensor that holds nothing`() {
    var model = SmallTFLite.relu
    model.tensors[0].shape = [.max, .max, .max, 0]
    #expect { try TFLiteModel(bytes: model.file) } throws: { "\($0)".contains("too large") }
  }

  @Test func `the relu that all of these start from compiles`() throws {
    #expect(try refusal { _ in } == nil)
  }

  @Test func `open dimensions other than the batch have to be bound`() throws {
    let error = try refusal { $0.tensors[0].further = [7: .ints([1, -1])] }
    #expect(error?.message.contains("--shape") == true)
    #expect(try refusal { $0.tensors[0].further = [7: .ints([-1, 3])] } == nil)
  }
}
