import Glibc
import ModelManifest

/// One family of heads: finds the candidates in a model's outputs. A new family is a file with a type of this protocol, and a
/// case of `Decoding`.
protocol DetectionHead {
  /// The outputs it reads.
  var readers: [OutputReader] { get }
  /// Candidates that one frame can bring at most.
  var candidateCount: Int { get }
  /// How its candidates are thinned.
  var suppression: Suppression { get }

  /// Adds what scores at least `threshold`. `tensors` gives the bytes of an output by its position among the model's outputs.
  func collect(into candidates: inout CandidateBuffer, threshold: Float, tensors: (Int) -> UnsafeRawBufferPointer)
}

/// 1 ÷ (1 + e^−x).
@inline(__always)
func sigmoid(_ x: Float) -> Float { 1 / (1 + expf(-x)) }
