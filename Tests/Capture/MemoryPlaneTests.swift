import CScriptedPlanes
import CVideo4Linux
import Testing

/// Buffers of the multi-planar interface as a driver may fill them: what of them is the picture.
@Suite struct MemoryPlaneTests {
  struct Filling: CustomTestStringConvertible {
    /// Bytes used and `data_offset` of each plane.
    var planes: [(used: UInt32, offset: UInt32)]
    var picture: (offset: UInt32, count: UInt32)
    var testDescription: String { "\(planes)" }
  }

  /// NV12 of 64 x 32 in two memory planes, each on pages of its own; or all of it in one.
  private static let apart = [scripted_plane(offset: 0, size: 4096, least: 2047), scripted_plane(offset: 4096, size: 4096, least: 1023)]
  private static let whole = [scripted_plane(offset: 0, size: 8192, least: 1)]

  @Test(arguments: [
    Filling(planes: [(2048, 0), (1024, 0)], picture: (0, 4096 + 1024)),
    // Whose planes apart begin with something else: no frame, whichever of them it is, rather than a picture that is shifted.
    Filling(planes: [(2048 + 16, 16), (1024, 0)], picture: (0, 0)),
    Filling(planes: [(2048, 0), (1024 + 128, 128)], picture: (0, 0)),
    Filling(planes: [(2048 + 16, 16), (1024 + 128, 128)], picture: (0, 0)),
    // A last row may end before its padding; a row may not lack.
    Filling(planes: [(2047, 0), (1, 0)], picture: (0, 4096 + 1)),
    Filling(planes: [(2046, 0), (1024, 0)], picture: (0, 0)),
    Filling(planes: [(2048, 0), (0, 0)], picture: (0, 0)),
    // A driver may count beyond its memory.
    Filling(planes: [(9000, 0), (9000, 0)], picture: (0, 8192)),
    Filling(planes: [(3072, 0)], picture: (0, 3072)),
    Filling(planes: [(3072 + 128, 128)], picture: (128, 3072)),
    Filling(planes: [(100, 128)], picture: (100, 0)),
    Filling(planes: [(.max, 128)], picture: (128, 8192 - 128)),
    Filling(planes: [(0, 0)], picture: (0, 0)),
  ])
  func `the picture is found in a buffer, or none is`(filling: Filling) {
    let planes = filling.planes.count == 1 ? Self.whole : Self.apart
    let fillings = filling.planes.map { scripted_filling(bytes_used: $0.used, data_offset: $0.offset) }
    var buffer = swl_video_buffer()
    #expect(unsafe scripted_dequeue(UInt32(planes.count), planes, fillings, &buffer) == 0)
    #expect(buffer.index == 1 && !buffer.faulty)
    #expect(buffer.byte_offset == filling.picture.offset && buffer.byte_count == filling.picture.count, "\(buffer.byte_offset), \(buffer.byte_count)")
  }
}
