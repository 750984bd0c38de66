import Glibc
import Pipelines
import SoundResampling
import Testing

@testable import SoundCapture

/// The real libasound, on its plugins that need no hardware.
@Suite(.serialized) struct ALSATests {
  private let files = ALSAFiles.shared
  static let hasLibrary = (try? ALSASystem()) != nil

  /// The first samples that a device gives.
  private func capture(_ device: String, _ negotiation: SoundNegotiation, count: Int) throws -> (samples: [Float], format: SoundStreamFormat?) {
    let capture = MicrophoneCapture(
      device: device, settings: MicrophoneSettings(capacitySeconds: 2), system: try ALSASystem(), negotiation: negotiation)
    let thread = try DataPlaneThread(name: "capture") { capture.run() }
    defer {
      capture.system.stop()
      thread.join()
    }
    var (samples, block): ([Float], [Float]) = ([], [])
    var format: SoundStreamFormat?
    while samples.count < count {
      switch capture.next(into: &block, timeout: .seconds(30)) {
      case .sound(let found):
        guard found.position == samples.count else { return (samples, format) }
        samples += block
      case .stateChanged(.capturing(let found)): format = found
      default: return (samples, format)
      }
    }
    return (Array(samples[..<count]), format)
  }

  /// Of two channels.
  private func means(_ all: [Float]) -> [Float] {
    (0..<all.count / 2).map { (frame: Int) -> Float in (all[2 * frame] + all[2 * frame + 1]) / 2 }
  }

  @Test(.enabled(if: hasLibrary), arguments: SampleFormat.allCases)
  func `each format is read to the last bit, and channels become their mean`(format: SampleFormat) throws {
    let all = files.samples(format)
    let mono = try capture("clip-\(format.rawValue)", SoundNegotiation(formats: [format]), count: all.count)
    let isExact = mono.samples == all
    #expect(isExact)
    #expect(mono.format?.sampleFormat == format && mono.format?.sampleRate == 16_000 && mono.format?.channelCount == 1)
    let stereo = try capture("clip-\(format.rawValue)", SoundNegotiation(formats: [format], channels: 2), count: all.count / 2)
    let areMeans = stereo.samples == means(all)
    #expect(areMeans)
    #expect(stereo.format?.channelCount == 2)
  }

  @Test(.enabled(if: hasLibrary), arguments: [48_000, 44_100])
  func `another rate is resampled as files are`(rate: Int) throws {
    let all = files.samples(.s16)
    // The end rings with what stands behind it.
    let found = try capture("clip-S16", SoundNegotiation(rates: [rate], channels: 2), count: 4000)
    #expect(found.format?.description == "S16, \(rate) Hz, 2 channels")
    var resampler = try Resampler(from: rate, to: 16_000)
    var expected: [Float] = []
    try resampler.convert(means(all), addingTo: &expected)
    try resampler.convert([], addingTo: &expected)
    #expect(found.samples.count == 4000)
    let difference = zip(found.samples, expected).map { abs($0 - $1) }.max() ?? 1
    #expect(difference < 1e-6)
  }

  @Test(.enabled(if: hasLibrary)) func `silence is sound`() throws {
    let found = try capture("nothing", SoundNegotiation(), count: 1000)
    #expect(found.samples.count == 1000 && found.samples.allSatisfy { $0 == 0 })
  }

  @Test(.enabled(if: hasLibrary)) func `a name that doesn't exist is told with the devices that do`() throws {
    _ = files
    let microphone = try Microphone(device: "no such name")
    var samples: [Float] = []
    guard case .stateChanged(.waiting(let reason)) = microphone.next(into: &samples, timeout: .seconds(30)) else {
      Issue.record("it is \(microphone.state)")
      return
    }
    let devices = try Microphone.devices()
    let list = devices.isEmpty ? "none" : devices.map(\.description).joined(separator: ", ")
    #expect(reason == "there is no capture device ‘no such name’; this machine has \(list)")
    microphone.stop()
    var end = microphone.next(into: &samples, timeout: .seconds(30))
    while end != .ended, end != .timedOut { end = microphone.next(into: &samples, timeout: .seconds(30)) }
    #expect(end == .ended)
    #expect(microphone.state == .ended)
  }

  @Test(.enabled(if: hasLibrary)) func `after the stop comes the rest, then the end`() throws {
    _ = files
    let microphone = try Microphone(device: "nothing", settings: MicrophoneSettings(capacitySeconds: 1))
    var samples: [Float] = []
    while case .stateChanged = microphone.next(into: &samples, timeout: .seconds(30)) {}
    microphone.stop()
    var count = 0
    var event = SoundEvent.timedOut
    repeat {
      event = microphone.next(into: &samples, timeout: .seconds(30))
      if case .sound = event { count += 1 }
    } while event != .ended && event != .timedOut
    // A ring full, and what one round of fetching adds while it is emptied.
    #expect(event == .ended && count <= 50 + SoundNegotiation.wakeUpsPerSecond + 1)
    #expect(microphone.next(into: &samples, timeout: .seconds(30)) == .ended)
  }

  @Test func `a machine without the library is told what to install`() {
    for name in ["libswiftlet-no-such-library.so.2", "libc.so.6"] {
      #expect {
        _ = try ALSASystem(libraryName: name)
      } throws: { error in
        let error = error as? SoundCaptureError
        return error?.code == .noLibrary && error?.message.contains("install the package libasound2") == true
      }
    }
  }
}
