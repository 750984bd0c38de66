import CAllocationCounter
import Glibc
import Pipelines
import Testing

@testable import SoundCapture

@Suite struct SoundNegotiationTests {
  struct Case: CustomTestStringConvertible {
    var rates: Set<Int>
    var channels = 1...2
    var formats: Set<SampleFormat> = Set(SampleFormat.allCases)
    var expected: String
    var testDescription: String { expected }
  }

  @Test(arguments: [
    Case(rates: [8000, 16_000, 44_100, 48_000], expected: "S16, 16000 Hz, 1 channel"),
    Case(rates: [44_100, 48_000], channels: 2...2, formats: [.s24InThreeBytes], expected: "S24_3, 48000 Hz, 2 channels"),
    Case(rates: [44_100, 96_000], formats: [.float32, .s32], expected: "S32, 96000 Hz, 1 channel"),
    Case(rates: [44_100], channels: 4...8, formats: [.float32], expected: "FLOAT, 44100 Hz, 4 channels"),
    Case(rates: [8000, 11_025], formats: [.u8], expected: "U8, 11025 Hz, 1 channel"),
  ])
  func `of what a device offers, what costs least is taken`(given: Case) throws {
    let offer = ScriptedOffer(rates: given.rates, channels: given.channels, formats: given.formats)
    let device = ScriptedDevice(offer, of: ScriptedSound([]))
    let format = try SoundNegotiation().negotiate(with: device, rate: 16_000)
    #expect(format.description == given.expected)
    #expect(format.period == format.sampleRate / 50 && format.buffer == format.sampleRate / 2)
  }

  @Test func `what can't be used is refused with its reason`() {
    let strange = Heard(ScriptedSound([.plug(after: 2)], offer: ScriptedOffer(formats: [])), device: "hw:4")
    #expect(strange.reasons.count == 1 && strange.reasons[0].contains("hw:4 offers none of the sample formats S16, S32"), "\(strange.reasons)")
    let crowd = Heard(ScriptedSound([.plug(after: 2)], offer: ScriptedOffer(channels: 100...100)))
    #expect(crowd.reasons.count == 1 && crowd.reasons[0].contains("offers 100 channels of 16000 samples a second"), "\(crowd.reasons)")
  }

  private func tone(rate: Int, count: Int) -> [Int16] {
    (0..<count).map { Int16((16_384 * sin(2 * .pi * 440 * Double($0) / Double(rate))).rounded()) }
  }

  @Test(arguments: [48_000, 44_100, 8000])
  func `a tone keeps its pitch, level and place at another rate`(rate: Int) {
    // Half a second in each of four helpings.
    let steps = (0..<4).map { SoundStep.sound(Array(tone(rate: rate, count: 2 * rate)[$0 * rate / 2..<($0 + 1) * rate / 2]), after: .milliseconds(500)) }
    let system = ScriptedSound(steps, offer: ScriptedOffer(rates: [rate]))
    let start = system.now()
    let heard = Heard(system)
    #expect(abs(heard.samples.count - 32_000) <= 1)
    let expected = (0..<32_000).map { 0.5 * sin(2 * .pi * 440 * Double($0) / 16_000) }
    let difference = (2000..<30_000).map { abs(Double(heard.samples[$0]) - expected[$0]) }.max() ?? 1
    #expect(difference < 1e-4)
    // However many samples the resampler held back, the times are those of the sound: to a sample, and what helpings of half a second leave open.
    for block in heard.blocks {
      let time = start.duration(to: block.capturedAt) / .seconds(1) - Double(block.position) / 16_000
      #expect(abs(time) < 1e-4, "\(block)")
    }
  }

  @Test func `each run of frames ends at a gap with all its samples`() {
    let half = tone(rate: 48_000, count: 24_000)
    let system = ScriptedSound(
      [.sound(half, after: .milliseconds(500)), .silence(.seconds(1)), .fails(EPIPE), .sound(half, after: .milliseconds(500))],
      offer: ScriptedOffer(rates: [48_000]))
    let heard = Heard(system)
    #expect(heard.samples.count == 16_000)
    #expect(heard.samples[..<8000].elementsEqual(heard.samples[8000...]))
    #expect(heard.counters.lost == 16_000)
    #expect(heard.blocks.map(\.position).contains(24_000))
  }

  @Test(.enabled(if: allocation_counter_works()), arguments: [16_000, 48_000])
  func `fetching sound allocates nothing`(rate: Int) throws {
    let settings = MicrophoneSettings(capacitySeconds: 1)
    let status = MicrophoneStatus()
    let ring = SoundRing(blockCount: settings.blockCount, blockLength: settings.blockLength)
    let assembly = BlockAssembly(settings: settings, ring: ring, status: status)
    let format = SoundStreamFormat(sampleFormat: .s16, sampleRate: rate, channelCount: 2, period: rate / 50, buffer: rate / 2)
    let intake = try SoundIntake(format: format, outputRate: 16_000, assembly: assembly, status: status)
    let now = MonotonicClock.now()
    unsafe intake.memory.initializeMemory(as: UInt8.self, repeating: 3, count: intake.chunk * 4)
    // The resampler's queues grow at first.
    for _ in 0..<40 { _ = intake.take(intake.chunk, heardUntil: now) }
    let before = allocation_count()
    for _ in 0..<100 { _ = intake.take(intake.chunk, heardUntil: now) }
    #expect(allocation_count() == before)
    #expect(status.counters.dropped > 0)
  }
}
