import ModelFormat
import Tensors
import Testing

struct InstructionRulesTests {
  /// A valid program with one thing changed, and what the refusal says.
  struct Case: Sendable {
    var message: String
    var program: Program
    init(_ message: String, _ program: Program, _ change: (inout Program) -> Void) {
      self.message = message
      self.program = program
      change(&self.program)
    }
  }

  static let convolutions: [Case] = [
    Case("names tensor 77", TestProgram.floatConvolution) { $0.convolve { $0.input = 77 } },
    Case("is no image", TestProgram.floatConvolution) { $0.tensors[0].dimensions = [16, 2] },
    Case("weights that are no constant", TestProgram.floatConvolution) { $0.tensors[2].storage = .arena(offset: 0) },
    Case("lies among the weights", TestProgram.floatConvolution) { $0.tensors[1].storage = .weights(offset: 0) },
    Case("has 2 groups", TestProgram.floatConvolution) { $0.convolve { $0.groups = 2 } },
    Case("has 0 groups", TestProgram.floatConvolution) { $0.convolve { $0.groups = 0 } },
    Case("has weights", TestProgram.floatConvolution) { $0.tensors[2].dimensions = [2, 1, 1, 3] },
    Case("window out of range", TestProgram.floatConvolution) { $0.convolve { $0.strides.width = 0 } },
    Case("window out of range", TestProgram.floatConvolution) { $0.convolve { $0.padding.top = -1 } },
    Case("where its window fits", TestProgram.floatConvolution) { $0.convolve { $0.strides.height = 2 } },
    Case("adds", TestProgram.floatConvolution) { $0.convolve { $0.residual = 0 } },
    Case("bias", TestProgram.floatConvolution) { $0.tensors[3].dimensions = [4] },
    Case("mixes float and integer", TestProgram.floatConvolution) { $0.tensors[2].elementType = .int8 },
    Case("integer constants on float", TestProgram.floatConvolution) { $0.convolve { $0.table = 3 } },
    Case("lacks bias or multipliers", TestProgram.integerConvolution) { $0.convolve { $0.multipliers = nil } },
    Case("lacks bias or multipliers", TestProgram.integerConvolution) { $0.convolve { $0.bias = nil } },
    Case("table", TestProgram.integerConvolution) { $0.tensors[5].dimensions = [255] },
    Case("integer bounds outside", TestProgram.integerConvolution) { $0.convolve { $0.middleUpper = 256 } },
    Case("scale", TestProgram.integerConvolution) { $0.convolve { $0.middleScale = .infinity } },
    Case("scale", TestProgram.integerConvolution) { $0.convolve { $0.middleScale = 0 } },
    Case("neither float32 nor quantised", TestProgram.integerConvolution) { $0.tensors[0].quantisation = nil },
  ]

  static let images: [Case] = [
    Case("pools", TestProgram.pooling) { $0.tensors[1].dimensions = [1, 2, 2, 1] },
    Case("changes the quantisation", TestProgram.pooling) { $0.tensors[1].quantisation = Quantisation(scale: 1, zeroPoint: 3) },
    Case("where its window fits", TestProgram.pooling) { $0.tensors[1].dimensions = [1, 4, 4, 2] },
    Case("resizes", TestProgram.resize) { $0.tensors[1].dimensions = [1, 4, 4, 2] },
    Case("table", TestProgram.resize) { $0.tensors[2].dimensions = [7] },
    Case("fractions", TestProgram.resize) { $0.tensors[3].elementType = .int32 },
  ]

  static let elements: [Case] = [
    Case("broadcasts", TestProgram.binary) { $0.tensors[2].dimensions = [2] },
    Case("mixes float and integer", TestProgram.binary) { $0.tensors[2] = TestProgram.arena("z", .uint8, [3], at: 512, TestProgram.form) },
    Case("maps", TestProgram.unary) { $0.tensors[1].dimensions = [7] },
    Case("maps", TestProgram.unary) { $0.tensors[0].elementType = .int32 },
    Case("maps", TestProgram.lookup) { $0.tensors[1].dimensions = [7] },
    Case("table", TestProgram.lookup) { $0.tensors[2].storage = .arena(offset: 0) },
    Case("converts", TestProgram.quantise) { $0.tensors[1].dimensions = [7] },
    Case("converts int32", TestProgram.quantise) { $0.tensors[0].elementType = .int32 },
    Case("converts float32", TestProgram.quantise) { $0.tensors[1] = TestProgram.arena("y", .float32, [8], at: 256) },
    Case("maps", TestProgram.softmax) { $0.tensors[1].dimensions = [4, 2] },
    Case("reaches outside 'x'", TestProgram.copy) { $0.copy { $0.inputOffset = 1 } },
    Case("reaches outside 'x'", TestProgram.copy) { $0.copy { $0.inputStrides = [-1, 4] } },
    Case("reaches outside 'y'", TestProgram.copy) { $0.copy { $0.outputStrides = [3, 1] } },
    Case("reaches outside", TestProgram.copy) { $0.copy { $0.inputStrides = [.max, .max] } },
    Case("extent out of range", TestProgram.copy) { $0.copy { $0.extents = [4, 0] } },
    Case("don't fit its extents", TestProgram.copy) { $0.copy { $0.extents = [4] } },
    Case("copies float32 to int8", TestProgram.copy) { $0.tensors[1].elementType = .int8 },
    Case("lies among the weights", TestProgram.fill) { $0.tensors[0].storage = .weights(offset: 0) },
    Case("empty axis", TestProgram.reduction) { $0.reduce { $0.inner = 0 } },
    Case("reduces", TestProgram.reduction) { $0.reduce { $0.outer = 3 } },
    Case("needs float", TestProgram.reduction) { $0.reduce { $0.kind = .sum } },
    Case("multiplies something else", TestProgram.matrixProduct) { $0.tensors[0].elementType = .int32 },
    Case("makes", TestProgram.matrixProduct) { $0.multiply { $0.n = 5 } },
    Case("reaches outside", TestProgram.matrixProduct) { $0.multiply { $0.k = 4 } },
    Case("strides out of range", TestProgram.matrixProduct) { $0.multiply { $0.rightBatchStride = -1 } },
  ]

  @Test(arguments: (convolutions + images + elements).indices) func `a program that breaks one rule is refused with its reason`(index: Int) {
    let broken = (Self.convolutions + Self.images + Self.elements)[index]
    let refusal = broken.program.refusal()
    #expect(refusal?.contains(broken.message) == true, "expected '\(broken.message)', got '\(refusal ?? "accepted")'")
  }
}

extension Program {
  mutating func convolve(_ change: (inout Convolution) -> Void) {
    guard case .convolution(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .convolution(fields)
  }

  mutating func copy(_ change: (inout StridedCopy) -> Void) {
    guard case .copy(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .copy(fields)
  }

  mutating func reduce(_ change: (inout Reduction) -> Void) {
    guard case .reduction(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .reduction(fields)
  }

  mutating func multiply(_ change: (inout MatrixProduct) -> Void) {
    guard case .matrixProduct(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .matrixProduct(fields)
  }
}
