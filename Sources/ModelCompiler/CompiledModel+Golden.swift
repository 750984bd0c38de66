import CPUExecution
import Inference
import ModelManifest

extension CompiledModel {
  static let goldenSeed: UInt64 = 1
  static let goldenTolerance: Float = 0.02

  /// The model with its golden outputs noted, as devices compare them before they rely on it; with sizes left open, those at the upper bounds.
  /// Models that remember or give no numbers for made-up inputs go without.
  ///
  /// - Throws: `.invalid` where the model doesn't run.
  public func withGoldenOutputs() throws(CompilerError) -> CompiledModel {
    guard manifest.states == nil else { return self }
    let package: ModelPackage
    do throws(ModelPackageError) { package = try ModelPackage(file(), origin: manifest.name) } catch { throw CompilerError(.invalid, error.description) }
    var model = self
    do throws(InferenceError) {
      let session = try unsafe Session<CPUBackend>(
        program: package.program, weights: package.weights, owner: package, options: CPUOptions(threads: 1))
      let outputs = try session.rehearse(seed: Self.goldenSeed, range: manifest.rehearsalRange)
      let golden = GoldenOutputs(seed: Self.goldenSeed, tolerance: Self.goldenTolerance, names: program.outputs.map(\.name), tensors: outputs)
      model.manifest.golden = golden.isUsable ? golden : nil
    } catch { throw CompilerError(.invalid, "the compiled model doesn't run: \(error.message)") }
    return model
  }
}
