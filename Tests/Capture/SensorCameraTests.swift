@testable import Capture
import Glibc
import Imaging
import Testing

/// Cameras whose picture no image processor makes, and those behind the multi-planar interface.
@Suite struct SensorCameraTests {
  private func camera(_ code: StaticString, _ settings: CameraSettings = CameraSettings(), startError: Int32 = 0) throws -> (V4L2Camera, ScriptedVideo) {
    var profile = ScriptedProfile()
    profile.formats = [ScriptedProfile.format(code, 64, 48)]
    profile.startError = startError
    let system = ScriptedVideo([.frame(1)], profile: profile)
    return (try V4L2Camera(path: "/dev/video7", settings: settings, system: system), system)
  }

  private func waitingReason(_ camera: V4L2Camera) -> String {
    if case .state(.waiting(let reason)) = camera.seeNext() { reason } else { "it is \(camera.state)" }
  }

  @Test(
    arguments: [("pRAA", "SRGGB10P"), ("BA81", "SBGGR8"), ("GB12", "SGBRG12"), ("BYR2", "SBGGR16"), ("Y12 ", "Y12"), ("Y10P", "Y10P")]
      as [(StaticString, String)])
  func `raw formats stream as they are, with the balance that the settings give`(code: StaticString, name: String) throws {
    let balance = SensorBalance(blackLevel: 16, red: 2, green: 1, blue: 1.5)
    let (camera, system) = try camera(code, CameraSettings(balance: balance))
    guard let frame = camera.holdNext() else {
      Issue.record("no frame")
      return
    }
    let (format, seen, fault) = (frame.view.format, frame.view.balance, frame.view.fault)
    #expect(format.name == name && seen == balance && fault == nil)
    #expect(!system.devices[0].isConverting)
  }

  @Test func `a format may be asked for by its name`() throws {
    guard let wanted = PixelFormat.allCases.first(where: { $0.name == "SRGGB12P" }) else {
      Issue.record("no such format")
      return
    }
    let (camera, system) = try camera("pRCC", CameraSettings(format: wanted))
    #expect(take(camera.holdNext())?.format == wanted)
    #expect(system.devices[0].format.byteCount == 64 / 2 * 3 * 48)
  }

  @Test func `raw samples without a word on them are better than nothing, and converted ones better than these`() throws {
    let (camera, system) = try camera("GRBG")
    #expect(take(camera.holdNext())?.format.name == "SGRBG8")
    #expect(!system.devices[0].isConverting)
    var profile = ScriptedProfile()
    profile.formats = [ScriptedProfile.format("GRBG", 64, 48)]
    profile.converterError = 0
    let converted = ScriptedVideo([.frame(1)], profile: profile)
    #expect(take(try V4L2Camera(path: "/dev/video7", settings: CameraSettings(), system: converted).holdNext())?.format == .rgb24)
  }

  @Test func `a balance that means nothing is refused with what to do`() throws {
    let balance = CameraSettings(balance: SensorBalance(blackLevel: 255, red: 2, green: 1, blue: 1))
    #expect(waitingReason(try camera("YUYV", balance).0).contains("it sends YUYV; remove them"))
    #expect(waitingReason(try camera("RGGB", balance).0).contains("take less than 255"))
    #expect(take(try camera("RG10", balance).0.holdNext()) != nil)
  }

  @Test(arguments: [EPIPE, ENOLINK])
  func `a media device whose parts don't agree is named as that`(number: Int32) throws {
    let reason = waitingReason(try camera("RG10", startError: number).0)
    #expect(reason.contains("media-ctl") && reason.contains("/dev/video7"), "\(reason)")
  }

  private func format(_ code: StaticString, _ planes: [(Int, Int)], width: Int = 6, height: Int = 5) -> VideoFormat {
    VideoFormat(
      code: FourCC(code), width: width, height: height, bytesPerLine: planes.first?.1 ?? 0, byteCount: 0,
      memoryPlanes: planes.map { .init(offset: $0.0, bytesPerLine: $0.1) })
  }

  @Test func `planes that lie in memory apart are found where the driver put them`() throws {
    let cases: [(VideoFormat, [Int], Int)] = [
      (format("NM12", [(0, 8), (4096, 16)]), [0, 4096], 4096 + 2 * 16 + 6), (format("NM21", [(0, 0), (4096, 0)]), [0, 4096], 4096 + 2 * 6 + 6),
      (format("YM12", [(0, 8), (4096, 4), (8192, 6)]), [0, 4096, 8192], 8192 + 2 * 6 + 3),
    ]
    for (format, offsets, needed) in cases {
      #expect(format.neededByteCount == needed)
      let bytes = [UInt8](repeating: 0, count: needed)
      unsafe bytes.withUnsafeBytes { whole in
        let isShort = unsafe format.view(of: UnsafeRawBufferPointer(rebasing: whole.dropLast())) == nil
        #expect(isShort)
        guard let view = unsafe format.view(of: whole) else {
          Issue.record("no view of a whole \(format.code)")
          return
        }
        #expect(view.fault == nil)
        let found = [view.planes.0, view.planes.1, view.planes.2].compactMap { $0 }.map { plane in
          unsafe plane.base - whole.baseAddress!.assumingMemoryBound(to: UInt8.self)
        }
        #expect(found == offsets)
      }
    }
  }

  @Test func `memory planes that are none of the format's are never read`() {
    for wrong in [
      format("NM12", []), format("NM12", [(0, 8), (4096, 8), (8192, 8)]), format("NV12", [(0, 8), (4096, 8)]), format("RG10", [(0, 16), (4096, 16)]),
    ] {
      #expect(wrong.neededByteCount == .max)
      let bytes = [UInt8](repeating: 0, count: 20_000)
      unsafe bytes.withUnsafeBytes { whole in
        let isRefused = unsafe wrong.view(of: whole) == nil
        #expect(isRefused)
      }
    }
  }
}
