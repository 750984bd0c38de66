import CUDAExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  @Suite struct Recurrences {
    /// Layers whose gates, or whose units alone, are more than the 512 threads of a block; lengths of 0, within and beyond the steps; both directions.
    @Test(arguments: Recurrence.Kind.allCases, [1, 7, 130, 600])
    func `recurrent layers give the scalar kernels' bits`(_ kind: Recurrence.Kind, _ hidden: Int) throws {
      for variant in hidden < 600 ? 0..<4 : 1..<2 {
        var g = SeededGenerator(seed: UInt64(hidden * 10 + variant))
        var builder = ProgramBuilder()
        let (steps, batch, columns) = (hidden < 600 ? 3 : 2, hidden < 600 ? 3 : 1, kind.gateCount * hidden)
        let spread = 2 / Float(hidden).squareRoot()
        let gates = builder.input([steps, batch, columns])
        // Of many a part again and again, in rows that differ.
        let some = g.floats(min(columns * hidden, 10_007), -spread...spread)
        let weights = builder.constant(
          (0..<(columns * hidden + some.count - 1) / some.count).flatMap { _ in some }.prefix(columns * hidden).map { $0 }, [columns, hidden])
        var recurrence = Recurrence(
          kind: kind, gates: gates, weights: weights, states: builder.output([steps + 1, batch, kind.hasCell ? 2 : 1, hidden]))
        var inputs = [HostTensor(g.floats(steps * batch * columns, -2...2), dimensions: [steps, batch, columns])]
        func initial() -> TensorIndex {
          inputs.append(HostTensor(g.floats(batch * hidden), dimensions: [batch, hidden]))
          return builder.input([batch, hidden])
        }
        if variant % 2 == 1 {
          recurrence.initialHidden = initial()
          if kind.hasCell { recurrence.initialCell = initial() }
          if kind == .gruResetAfter { recurrence.recurrentBias = builder.constant(g.floats(hidden), [hidden]) }
          if kind.hasCell { recurrence.peepholes = builder.constant(g.floats(3 * hidden), [3 * hidden]) }
          recurrence.clip = 1.5
        }
        if variant >= 2 {
          recurrence.isReversed = true
          recurrence.lengths = builder.input([batch], .int32)
          inputs.append(
            HostTensor(elementType: .int32, dimensions: [batch], bytes: [0, 0, 0, 0, 2, 0, 0, 0, variant == 2 ? 9 : 0xFF, 0, 0, variant == 2 ? 0 : 0xFF]))
          recurrence.functions = (.hardSigmoid, .softsign, .leakyRelu)
          (recurrence.alphas, recurrence.betas) = ((0.3, 0, 0.1), (0.4, 0, 0))
        }
        builder.append(.recurrence(recurrence))
        try CUDATests.compare(builder, inputs, "\(variant)")
      }
    }
  }
}
