import Hearing
import ModelManifest
import Testing

/// A package's manifest may say anything.
@Suite struct SoundSizesTests {
  private static func input(_ features: SoundInput.Features, _ change: (inout SoundInput) -> Void) -> SoundInput {
    var input = SoundInput(tensor: "x", sampleRate: 16_000, features: features)
    (input.window, input.hop, input.transform, input.bands, input.highestFrequency, input.chunk) = (400, 160, 512, 40, 8000, 512)
    change(&input)
    return input
  }

  @Test(arguments: [Int.max, 1 << 50, -1, 0])
  func `sizes that no recipe may give are refused by name`(size: Int) {
    for (change, name) in [
      ({ $0.sampleRate = size }, "sample rate of \(size)"), ({ $0.hop = size }, "hop of \(size)"),
    ] as [((inout SoundInput) -> Void, String)] {
      #expect { try FeatureExtractor(Self.input(.logMel, change)) } throws: { ($0 as? HearingError)?.message.contains(name) == true }
    }
    #expect { try Self.input(.waveform) { $0.chunk = size }.checkSizes() } throws: { ($0 as? HearingError)?.message.contains("chunk of \(size)") == true }
    if size != 0 {
      #expect { try Self.input(.waveform) { $0.context = size }.checkSizes() } throws: { ($0 as? HearingError)?.message.contains("context") == true }
      #expect { try FeatureExtractor(Self.input(.logMel) { $0.frames = size }) } throws: { ($0 as? HearingError)?.message.contains("frames") == true }
    }
    #expect(throws: Never.self) { try FeatureExtractor(Self.input(.logMel) { _ in }) }
  }
}
