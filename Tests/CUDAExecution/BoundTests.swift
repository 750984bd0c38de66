@testable import CUDAExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  /// What a run may take is counted by the slowest data, before anything runs.
  @Suite(.disabled(if: EmulatedDevice.isReal)) struct Bounds {
    let device = EmulatedDevice.shared!

    /// Whether a program is refused for its time; an idle device takes what isn't, and computes nothing.
    private func isRefused(_ builder: ProgramBuilder) -> Bool {
      device.reset()
      device.idle()
      do {
        _ = try unsafe Session<CUDABackend>(
          program: builder.program, weights: UnsafeRawBufferPointer(start: nil, count: 0), options: device.options())
        return false
      } catch {
        #expect(error.code == .unsupported, "\(error.message)")
        return true
      }
    }

    /// Two rows of so many elements: each is compared with each.
    @Test(arguments: [(300_000, false), (800_000, true)]) func `the best of long rows`(_ length: Int, _ isRefused: Bool) {
      var builder = ProgramBuilder()
      let input = builder.input([2, length], .uint8)
      builder.append(
        .topK(TopK(input: input, output: builder.output([2, 1], .int64), outer: 2, length: Int32(length), count: 1, findsLeast: false)))
      #expect(self.isRefused(builder) == isRefused)
    }

    /// 4,000,000 steps of a thread are allowed, 2^22: exponentials are some, and so are coordinates.
    @Test(arguments: [(100_000, false), (200_000, true)]) func `logarithms of sums of many exponentials`(_ reduced: Int, _ isRefused: Bool) {
      var builder = ProgramBuilder()
      let input = builder.input([1, reduced, 1])
      builder.append(
        .reduction(Reduction(kind: .logSumExp, input: input, output: builder.output([1, 1]), outer: 1, reduced: Int32(reduced), inner: 1)))
      #expect(self.isRefused(builder) == isRefused)
    }

    @Test(arguments: [(600_000, false), (800_000, true)]) func `many updates of one column`(_ count: Int, _ isRefused: Bool) {
      var builder = ProgramBuilder()
      let input = builder.input([1, 2, 2, 1], .uint8)
      let updates = builder.input([1, count, 1], .uint8)
      let indices = builder.input([1, count, 2], .int64)
      builder.append(
        .scatter(
          Scatter(
            reduction: .none, input: input, indices: indices, updates: updates, output: builder.output([1, 2, 2, 1], .uint8), batch: 1, extents: [2, 2],
            count: Int32(count), inner: 1)))
      #expect(self.isRefused(builder) == isRefused)
    }

    /// Narrow layers take barriers and functions at every step, and a GRU passes its state by the weights twice.
    @Test(arguments: [(Recurrence.Kind.simple, 60_000, false), (.simple, 70_000, true), (.gru, 60_000, false), (.gru, 64_000, true)])
    func `many steps of a recurrence`(_ kind: Recurrence.Kind, _ steps: Int, _ isRefused: Bool) {
      var builder = ProgramBuilder()
      let gates = builder.input([steps, 1, kind.gateCount])
      let weights = builder.constant([Float](repeating: 0, count: kind.gateCount), [kind.gateCount, 1])
      builder.append(.recurrence(Recurrence(kind: kind, gates: gates, weights: weights, states: builder.output([steps + 1, 1, 1, 1]))))
      device.reset()
      device.idle()
      let section = AlignedBytes(count: builder.weights.count)
      unsafe section.bytes.copyBytes(from: builder.weights)
      var found: InferenceError.Code?
      do {
        _ = try unsafe Session<CUDABackend>(program: builder.program, weights: UnsafeRawBufferPointer(section.bytes), options: device.options())
      } catch { found = error.code }
      #expect(found == (isRefused ? .unsupported : nil))
      withExtendedLifetime(section) {}
    }
  }
}
