import CPUExecution
import CaseBundle
import Inference
import ModelFormat
import Tensors

/// Runs every case of a bundle by the processor's best instruction set and prints what fails.
/// - Returns: how many cases failed, or −1 where the bundle is damaged.
@_cdecl("run_bundle") public func runBundle(_ start: UnsafePointer<UInt8>, _ count: Int, _ threads: Int32) -> Int32 {
  guard var reader = CaseBundleReader([UInt8](UnsafeBufferPointer(start: start, count: count))) else { return -1 }
  print("  instruction set: \(CPUInstructionSet.best.name), \(threads) threads, \(reader.remainingCases) cases")
  var failures: Int32 = 0
  while reader.remainingCases > 0 {
    guard let bundled = reader.next() else { return -1 }
    if let failure = run(bundled, threads: Int(threads)) {
      print("  FAILED \(bundled.name): \(failure)")
      failures += 1
    }
  }
  return failures
}

/// What went wrong; nil for a case that gives what it must.
private func run(_ bundled: BundledCase, threads: Int) -> String? {
  let file = AlignedBytes(count: bundled.package.count)
  file.bytes.copyBytes(from: bundled.package)
  do throws(ModelFormatError) {
    let package = UnsafeRawBufferPointer(file.bytes)
    let sections = try PackageReader(package)
    let program = try Program(decoding: [UInt8](package[try sections.range(of: .program)]))
    let weights = UnsafeRawBufferPointer(rebasing: package[try sections.range(of: .weights)])
    defer { withExtendedLifetime(file) {} }
    return run(bundled, program, weights, threads)
  } catch {
    return error.message
  }
}

private func run(_ bundled: BundledCase, _ program: Program, _ weights: UnsafeRawBufferPointer, _ threads: Int) -> String? {
  do throws(InferenceError) {
    let session = try Session<CPUBackend>(program: program, weights: weights, options: CPUOptions(threads: threads))
    for (index, input) in bundled.inputs.enumerated() {
      if bundled.givesStoredInputs {
        guard session.inputBytes(index).count == input.bytes.count else { return "input \(index) has another size" }
        session.inputBytes(index).copyBytes(from: input.bytes)
      } else {
        try session.setInput(index, to: input)
      }
    }
    session.run()
    for expectation in bundled.expectations {
      if let difference = difference(try session.output(expectation.output), expectation) { return "output \(expectation.output): \(difference)" }
    }
    return nil
  } catch {
    return error.message
  }
}

private func difference(_ result: HostTensor, _ expectation: BundledCase.Expectation) -> String? {
  let wanted = expectation.tensor
  guard result.elementType == wanted.elementType, result.dimensions == wanted.dimensions else { return "another type or other dimensions" }
  if result.bytes == wanted.bytes { return nil }
  let (a, b) = (result.floats(), wanted.floats())
  var wrong = 0
  for index in a.indices where a[index] != b[index] && !(a[index].isNaN && b[index].isNaN) {
    if !((a[index] - b[index]).magnitude <= expectation.tolerance) { wrong += 1 }
  }
  if wrong == 0, expectation.tolerance > 0 { return nil }
  return "\(wrong) of \(a.count) elements differ"
}
