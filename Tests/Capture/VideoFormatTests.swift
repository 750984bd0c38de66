@testable import Capture
import Imaging
import Testing

@Suite struct VideoFormatTests {
  private static func format(_ code: StaticString, _ width: Int, _ height: Int, row: Int = 0) -> VideoFormat {
    VideoFormat(code: FourCC(code), width: width, height: height, bytesPerLine: row, byteCount: 0)
  }

  @Test(arguments: [
    (format("YUYV", 6, 4), 12, 48), (format("UYVY", 5, 4, row: 32), 32, 32 * 3 + 12), (format("RGB3", 5, 2), 15, 30),
    (format("BGR3", 5, 2, row: 16), 16, 31), (format("GREY", 7, 3, row: 8), 8, 23), (format("NV12", 8, 4), 8, 48),
    (format("NV21", 8, 4, row: 16), 16, 16 * 4 + 16 + 8), (format("YU12", 8, 4), 8, 48), (format("YU12", 8, 3, row: 16), 16, 48 + 8 * 3 + 4),
  ])
  func `a frame is whole with exactly the bytes that its format needs`(format: VideoFormat, row: Int, needed: Int) {
    #expect(format.rowBytes == row)
    #expect(format.neededByteCount == needed)
    let bytes = [UInt8](repeating: 0, count: needed)
    unsafe bytes.withUnsafeBytes { whole in
      for count in 0..<needed {
        let isShort = unsafe format.view(of: UnsafeRawBufferPointer(rebasing: whole[..<count])) == nil
        #expect(isShort)
      }
      guard let view = unsafe format.view(of: whole) else {
        Issue.record("no view of a whole frame")
        return
      }
      // The planes lie within the bytes, one behind the other.
      var offset = 0
      for plane in [view.planes.0, view.planes.1, view.planes.2].compactMap({ $0 }) {
        let start = unsafe plane.base - whole.baseAddress!.assumingMemoryBound(to: UInt8.self)
        #expect(start == offset)
        offset += plane.byteCount
      }
      #expect(offset == needed)
    }
  }

  @Test(
    arguments: [
      (0, 0, 0, ColourEncoding.bt601Limited), (3, 0, 0, .bt709Limited), (7, 0, 0, .bt601Full), (8, 0, 1, .bt601Full), (8, 2, 0, .bt709Limited),
      (3, 1, 2, .bt601Limited), (10, 0, 1, .bt709Full),
    ] as [(UInt32, UInt32, UInt32, ColourEncoding)])
  func `the colour encoding follows what the driver says`(space: UInt32, encoding: UInt32, quantisation: UInt32, expected: ColourEncoding) {
    var format = Self.format("YUYV", 4, 4)
    (format.colourSpace, format.encoding, format.quantisation) = (space, encoding, quantisation)
    #expect(format.colourEncoding == expected)
  }

  @Test func `luminance alone and JPEG are full range unless said otherwise`() {
    #expect(Self.format("GREY", 4, 4).colourEncoding == .bt601Full)
    #expect(Self.format("MJPG", 4, 4).colourEncoding == .bt601Full)
  }

  private static let usbOffers = [
    FormatOffer(code: FourCC("MJPG"), width: 1280, height: 720, fastestRate: 30),
    FormatOffer(code: FourCC("YUYV"), width: 1280, height: 720, fastestRate: 10),
    FormatOffer(code: FourCC("GREY"), width: 640, height: 480, fastestRate: 60), FormatOffer(code: FourCC("H264"), width: 1280, height: 720),
  ]

  @Test(
    arguments: [
      (1280, 720, 30.0, nil, "MJPG"), (1280, 720, nil, nil, "YUYV"), (1280, 720, 10, nil, "YUYV"), (640, 480, 30, nil, "GREY"),
      (1280, 720, nil, .mjpeg, "MJPG"), (1280, 720, 120, nil, "YUYV"), (1280, 720, nil, .nv12, nil),
    ] as [(Int, Int, Double?, PixelFormat?, String?)])
  func `the nearest size counts first, then the rate, then what converts cheaply`(
    width: Int, height: Int, rate: Double?, format: PixelFormat?, expected: String?
  ) {
    let chosen = FormatNegotiation.choose(from: Self.usbOffers, width: width, height: height, frameRate: rate, format: format)
    #expect(chosen?.code.description == expected)
  }

  @Test func `what stands behind colour filters is taken where it is asked for`() {
    let offers = [FormatOffer(code: FourCC("RG10"), width: 1280, height: 720), FormatOffer(code: FourCC("YUYV"), width: 640, height: 480)]
    func chosen(_ format: PixelFormat?, takesRaw: Bool = false) -> String? {
      FormatNegotiation.choose(from: offers, width: 1280, height: 720, frameRate: nil, format: format, takesRaw: takesRaw)?.code.description
    }
    #expect(chosen(nil) == "YUYV")
    #expect(chosen(nil, takesRaw: true) == "RG10")
    #expect(chosen(FourCC("RG10").pixelFormat) == "RG10")
    #expect(FormatNegotiation.choose(from: [offers[0]], width: 64, height: 64, frameRate: nil, format: nil) == nil)
  }

  @Test func `a range of sizes gives the nearest that its steps allow`() {
    let size = CameraDeviceSize(widths: 16...1920, widthStep: 16, heights: 16...1080, heightStep: 8, frameRates: [])
    #expect(size.nearest(width: 650, height: 481) == (656, 480))
    #expect(size.nearest(width: 5000, height: 1) == (1920, 16))
  }

  @Test(arguments: [
    ("Exposure, Auto", "exposure_auto"), ("White Balance Temperature", "white_balance_temperature"), ("Gain (dB) ", "gain_db"), ("", ""),
  ])
  func `control names are normalised`(name: String, normalised: String) {
    #expect(CameraControl.normalise(name) == normalised)
  }

  @Test func `the limiter lets a steady stream through with its jitter`() {
    var limiter = FrameLimiter(rate: 30)
    for frame in 0..<300 {
      let jitter: UInt64 = frame % 3 == 0 ? 0 : 20_000_000
      let admitted = limiter.admits(at: .init(nanoseconds: 1_000_000_000 + UInt64(frame) * 33_400_000 + jitter))
      #expect(admitted)
    }
  }
}
