import Glibc
import Tensors

/// Cosines and sines of rotary position embedding, a row a position: pair `i` of a head turns by `position × base^(−2i ÷ share)`, where `share` is
/// how many elements of the head the model's share comes to; an odd one is rounded up to whole pairs.
struct RotaryAngles {
  let cosines: HostTensor
  let sines: HostTensor
  /// Elements of a head that turn.
  let width: Int

  init(share: Int, positions: Int, base: Double) {
    let pairs = (share + 1) / 2
    width = 2 * pairs
    // The references' precision: angles in float32.
    let frequencies = (0..<pairs).map { 1 / Float(pow(base, Double(2 * $0) / Double(share))) }
    let angles = (0..<positions).flatMap { position in frequencies.map { Double(Float(position) * $0) } }
    cosines = HostTensor(angles.map { Float(cos($0)) }, dimensions: [positions, pairs])
    sines = HostTensor(angles.map { Float(sin($0)) }, dimensions: [positions, pairs])
  }
}
