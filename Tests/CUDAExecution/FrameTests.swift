import CAllocationCounter
import CUDAExecution
import Imaging
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

/// A frame of bytes that look random.
struct MadeUpFrame {
  let format: PixelFormat
  let width: Int
  let height: Int
  var encoding = ColourEncoding.bt601Limited
  let bytesPerLine: Int
  let bytes: [UInt8]

  init(_ format: PixelFormat, _ width: Int, _ height: Int, extraBytesPerLine: Int = 0, seed: UInt64 = 1) {
    (self.format, self.width, self.height) = (format, width, height)
    bytesPerLine = format.bytesPerRow(plane: 0, width: width)! + extraBytesPerLine
    var g = SeededGenerator(seed: seed)
    bytes = g.bytes(bytesPerLine * (2 * height + 2))
  }

  func withView<Result>(_ body: (ImageView) -> Result) -> Result {
    unsafe bytes.withUnsafeBytes {
      body(unsafe ImageView(format: format, encoding: encoding, width: width, height: height, bytesPerLine: bytesPerLine, bytes: $0))
    }
  }
}

/// A session whose output is its input, and what prepares frames for it.
final class FrameSession: @unchecked Sendable {
  let session: Session<CUDABackend>
  let preparation: ImagePreparation
  private(set) var isTaken = false

  /// - Parameter size: of the frames for which there is room.
  init(_ settings: ImagePreparation.Settings, _ type: ElementType, _ options: CUDAOptions, size: (width: Int, height: Int) = (64, 64)) throws {
    let channels = settings.colour == .grey ? 1 : 3
    let quantisation: Quantisation? = type == .float32 ? nil : Quantisation(scale: 0.02, zeroPoint: type == .int8 ? -7 : 11)
    let dimensions = [1, settings.height, settings.width, channels], count = settings.height * settings.width * channels
    var builder = ProgramBuilder()
    let (input, output) = (builder.input(dimensions, type, quantisation), builder.output(dimensions, type, quantisation))
    builder.append(
      .copy(StridedCopy(input: input, output: output, extents: [Int32(count)], inputOffset: 0, inputStrides: [1], outputOffset: 0, outputStrides: [1])))
    session = try unsafe Session(program: builder.program, weights: UnsafeRawBufferPointer(start: nil, count: 0), options: options)
    preparation = try ImagePreparation(settings: settings, target: .init(elementType: type, quantisation: quantisation, dimensions: dimensions))
    let opened = unsafe try session.openFrames(as: 0, preparation.pass, upTo: size)
    guard opened else { throw InferenceError(.unsupported, "frames aren't taken") }
  }

  func prepare(_ frame: MadeUpFrame) -> PreparationOutcome { frame.withView { prepare($0) } }

  func prepare(_ view: ImageView) -> PreparationOutcome {
    unsafe preparation.prepare(
      view, into: session.inputBytes(0),
      unless: {
        isTaken = unsafe session.takeFrame($0, $1)
        return isTaken
      })
  }

  var output: [UInt8] { unsafe [UInt8](session.outputBytes(0)) }

  /// What the processor makes of a view.
  func expected(_ view: ImageView) -> [UInt8] {
    let own = try! ImagePreparation(settings: preparation.settings, target: preparation.target)
    let tensor = AlignedBytes(count: own.tensorByteCount)
    _ = unsafe own.prepare(view, into: tensor.bytes)
    return unsafe [UInt8](tensor.bytes)
  }
}

extension CUDATests {
  /// Frames whose pixels the device makes tensors of.
  @Suite struct Frames {
    let device = EmulatedDevice.shared!

    static let small = ImagePreparation.Settings(width: 13, height: 9, mean: [120, 110, 100], deviation: [60, -50, 70])
    static let formats: [PixelFormat] = [.yuyv, .uyvy, .nv12, .nv21, .i420, .grey, .rgb24, .bgr24]

    @Test(arguments: [ImagePreparation.Settings.Colour.rgb, .bgr, .grey], [ElementType.float32, .uint8, .int8])
    func `the device's tensor of a frame has the processor's bits`(_ colour: ImagePreparation.Settings.Colour, _ type: ElementType) throws {
      let channels = colour == .grey ? 1 : 3
      let fits: [(ImagePreparation.Settings.Fit, ImagePreparation.Settings.Anchor)] = [
        (.letterbox, .centre), (.letterbox, .topLeft), (.stretch, .centre), (.crop, .centre),
      ]
      for (fit, anchor) in fits {
        device.reset()
        let settings = ImagePreparation.Settings(
          width: 13, height: 9, colour: colour, fit: fit, anchor: anchor, mean: Array([120, 110, 100].prefix(channels)),
          deviation: Array([60, -50, 70].prefix(channels)))
        let frames = try FrameSession(settings, type, device.options())
        for (index, format) in Self.formats.enumerated() {
          for (width, height) in [(40, 30), (7, 21), (13, 9), (1, 1), (33, 2), (5, 64)] {
            // Rows with a gap between them; pairs of pixels share chroma.
            var frame = MadeUpFrame(
              format, width, height, extraBytesPerLine: [.nv12, .nv21, .i420].contains(format) ? width % 2 + 2 * (index % 2) : index % 3, seed: UInt64(width))
            frame.encoding = [.bt601Limited, .bt601Full, .bt709Limited, .bt709Full][(index + width) % 4]
            let what = "\(fit) of \(format.name) \(width)×\(height)"
            #expect(frames.prepare(frame) == .prepared && frames.isTaken, "\(what)")
            frames.session.run()
            let isSame = frames.output == frame.withView { frames.expected($0) }
            #expect(isSame && frames.session.failure == nil, "\(what)")
          }
        }
        #expect(device.overrunCount == 0)
      }
      #expect(device.aliveCount == 0)
    }

    @Test func `a JPEG is decoded by the processor and resized by the device`() throws {
      device.reset()
      var g = SeededGenerator(seed: 4)
      let image = RGBImage(width: 40, height: 24, pixels: g.bytes(3 * 40 * 24))
      let file = try image.jpeg()
      let frames = try FrameSession(Self.small, .float32, device.options())
      unsafe file.withUnsafeBytes {
        let view = unsafe ImageView(format: .mjpeg, width: 40, height: 24, bytesPerLine: 0, bytes: $0)
        #expect(frames.prepare(view) == .prepared && frames.isTaken)
        frames.session.run()
        #expect(frames.output == frames.expected(view))
      }
    }

    @Test func `a sensor's raw samples stay with the processor, and a frame after them with the device`() throws {
      device.reset()
      let frames = try FrameSession(Self.small, .uint8, device.options())
      let raw = MadeUpFrame(PixelFormat.allCases.first { $0.name == "SRGGB10P" }!, 24, 16)
      for frame in [MadeUpFrame(.yuyv, 24, 16), raw, MadeUpFrame(.yuyv, 24, 16, seed: 9)] {
        #expect(frames.prepare(frame) == .prepared && frames.isTaken == (frame.format == .yuyv))
        frames.session.run()
        let isSame = frames.output == frame.withView { frames.expected($0) }
        #expect(isSame, "\(frame.format.name)")
      }
    }

    @Test func `a frame costs one copy of its pixels and one launch`() throws {
      device.reset()
      let frames = try FrameSession(Self.small, .float32, device.options())
      func costs(_ frame: MadeUpFrame) -> [Int] {
        let before = [device.copyCount, device.copiedByteCount, device.launchedGraphCount, device.launchedKernelCount]
        _ = frames.prepare(frame)
        frames.session.run()
        let after = [device.copyCount, device.copiedByteCount, device.launchedGraphCount, device.launchedKernelCount]
        return zip(after, before).map { $0 - $1 }
      }
      _ = costs(MadeUpFrame(.nv12, 32, 16))
      guard !EmulatedDevice.isReal else { return }
      #expect(costs(MadeUpFrame(.nv12, 32, 16, seed: 2)) == [1, 32 * 12 + 32 * 8, 1, 2], "the preparation and the model's one kernel")
      #expect(costs(MadeUpFrame(.yuyv, 32, 16))[0] == 2, "another format has another description")
      // Each of the six rows that the input has of the frame is made of two, and none of them of the same.
      #expect(costs(MadeUpFrame(.yuyv, 32, 16, seed: 2)) == [1, 32 * 2 * 12, 1, 2])
      _ = costs(MadeUpFrame(.rgb24, 64, 400))
      #expect(costs(MadeUpFrame(.rgb24, 64, 400, seed: 2)) == [1, 64 * 3 * 18, 1, 2], "of four hundred rows eighteen")
    }

    @Test(.disabled(if: EmulatedDevice.isReal), arguments: [PixelFormat.nv12, .nv21, .i420])
    func `chroma stays with the host where the model sees grey`(_ format: PixelFormat) throws {
      device.reset()
      let frames = try FrameSession(
        ImagePreparation.Settings(width: 16, height: 16, colour: .grey, mean: [0], deviation: [1]), .float32, device.options())
      _ = frames.prepare(MadeUpFrame(format, 16, 16))
      frames.session.run()
      let frame = MadeUpFrame(format, 16, 16, seed: 2)
      let before = device.copiedByteCount
      #expect(frames.prepare(frame) == .prepared && frames.isTaken)
      frames.session.run()
      let isSame = frames.output == frame.withView { frames.expected($0) }
      #expect(isSame && device.copiedByteCount == before + 16 * 16)
    }

    @Test(.disabled(if: EmulatedDevice.isReal)) func `a device that shares the host's memory reads pixels where they are`() throws {
      device.reset()
      device.integrate()
      do {
        let frames = try FrameSession(Self.small, .float32, device.options())
        let allocated = device.allocationCount
        for frame in [MadeUpFrame(.yuyv, 32, 16), MadeUpFrame(.rgb24, 40, 30), MadeUpFrame(.i420, 6, 4)] {
          for (seed, copies) in [(UInt64(1), 1), (2, 0)] {
            let (before, next) = (device.copyCount, MadeUpFrame(frame.format, frame.width, frame.height, seed: seed))
            #expect(frames.prepare(next) == .prepared && frames.isTaken)
            frames.session.run()
            let isSame = frames.output == next.withView { frames.expected($0) }
            #expect(isSame && device.copyCount == before + copies, "the description of the first alone")
          }
        }
        #expect(device.allocationCount == allocated)
      }
      #expect(device.aliveCount == 0)
    }

    @Test func `the last that was given counts, a frame or a tensor, for as many runs as follow`() throws {
      device.reset()
      let frames = try FrameSession(Self.small, .uint8, device.options())
      let frame = MadeUpFrame(.bgr24, 20, 20)
      let expected = frame.withView { frames.expected($0) }
      _ = frames.prepare(frame)
      for _ in 0..<2 {
        frames.session.run()
        #expect(frames.output == expected)
      }
      unsafe frames.session.inputBytes(0).initializeMemory(as: UInt8.self, repeating: 5)
      frames.session.run()
      #expect(frames.output.allSatisfy { $0 == 5 })
      _ = frames.prepare(frame)
      var nanoseconds: [UInt64] = [0]
      frames.session.run(recording: &nanoseconds)
      #expect(frames.output == expected)
      let short = MadeUpFrame(.yuyv, 20, 20).bytes.prefix(50)
      unsafe Array(short).withUnsafeBytes {
        let view = unsafe ImageView(format: .yuyv, width: 20, height: 20, bytesPerLine: 40, bytes: $0)
        #expect(frames.prepare(view) == .shortFrame(needed: 800, got: 50))
      }
    }

    @Test(.enabled(if: allocation_counter_works()), .disabled(if: EmulatedDevice.isReal)) func `frames of a size after the first allocate nothing`() throws {
      device.reset()
      let frames = try FrameSession(Self.small, .float32, device.options())
      let frame = MadeUpFrame(.i420, 64, 48, extraBytesPerLine: 2)
      _ = frames.prepare(frame)
      frames.session.run()
      device.idle()
      let allocated = frame.withView { view in
        let before = allocation_count()
        for _ in 0..<20 {
          _ = frames.prepare(view)
          frames.session.run()
        }
        return allocation_count() - before
      }
      #expect(allocated == 0 && frames.isTaken && frames.session.failure == nil)
    }

    @Test(.disabled(if: EmulatedDevice.isReal))
    func `the processor prepares what there is no room for, and taking a frame calls no driver`() throws {
      device.reset()
      let frames = try FrameSession(Self.small, .float32, device.options())
      let (large, small) = (MadeUpFrame(.rgb24, 200, 100), MadeUpFrame(.rgb24, 20, 10))
      for (frame, isTaken) in [(small, true), (large, false), (small, true), (large, false)] {
        let calls = device.callCount
        #expect(frames.prepare(frame) == .prepared && frames.isTaken == isTaken)
        #expect(device.callCount == calls)
        frames.session.run()
        let isSame = frames.output == frame.withView { frames.expected($0) }
        #expect(isSame && frames.session.failure == nil)
      }
    }

    /// Every call in turn, from loading to the second frame's run.
    @Test(.disabled(if: EmulatedDevice.isReal), arguments: [false, true], [2, 719])
    func `whichever call fails on a frame's way, it is told, and nothing is left behind`(_ isIntegrated: Bool, _ code: Int) throws {
      func attempt(_ failing: Int) throws -> (calls: Int, wasTold: Bool) {
        device.reset()
        if isIntegrated { device.integrate() }
        if failing > 0 { device.fail(call: failing, code: Int32(code), isLasting: code == 719) }
        do {
          let frames = try FrameSession(Self.small, .uint8, device.options())
          var wasTold = false
          for frame in [MadeUpFrame(.yuyv, 20, 20), MadeUpFrame(.rgb24, 40, 20)] {
            #expect(frames.prepare(frame) == .prepared)
            frames.session.run()
            wasTold = frames.session.hasFailed
            let isSame = frames.output == frame.withView { frames.expected($0) }
            #expect(isSame == !wasTold && (!wasTold || frames.output.allSatisfy { $0 == 0 }), "call \(failing)")
            if wasTold { #expect(frames.session.failure?.message.contains("(\(code))") == true, "call \(failing)") }
          }
          return (device.callCount, wasTold)
        } catch let error as InferenceError {
          #expect(error.message.contains("(\(code))"))
          return (0, true)
        }
      }
      let calls = try attempt(0).calls
      #expect(calls > 50)
      for call in 1...calls {
        let wasTold = try attempt(call).wasTold
        #expect(wasTold || device.hasFailedEnding, "call \(call)")
        #expect(device.aliveCount == 0, "call \(call)")
      }
    }
  }
}
