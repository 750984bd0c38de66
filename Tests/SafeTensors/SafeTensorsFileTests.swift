import Foundation
import SafeTensors
import Tensors
import Testing

@Suite struct SafeTensorsFileTests {
  /// A file of a header and what follows it.
  private static func file(_ header: String, data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
    let length = length ?? UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + header.utf8 + data
  }

  private static func refusal(_ bytes: [UInt8]) -> SafeTensorsError? {
    do throws(SafeTensorsError) {
      _ = try SafeTensorsFile(bytes, origin: "m.safetensors")
      return nil
    } catch { return error }
  }

  @Test func `floats of 32 and of 16 bits become float32`() throws {
    let header = """
      {"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
      "b":{"dtype":"F16","shape":[1,2],"data_offsets":[8,12]},"c":{"dtype":"BF16","shape":[2,1],"data_offsets":[12,16]}}
      """
    let data: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0] + [0x00, 0x3C, 0x00, 0xC1] + [0x80, 0x3F, 0x20, 0xC0]
    let file = try SafeTensorsFile(Self.file(header, data: data), origin: "m.safetensors")
    let (names, a, b, c, shape) = (file.names, try file.tensor("a"), try file.tensor("b"), try file.tensor("c"), file.dimensions(of: "c"))
    #expect(names == ["a", "b", "c"])
    #expect(a == HostTensor([Float(1), -2.5], dimensions: [2]))
    #expect(b == HostTensor([Float(1), -2.5], dimensions: [1, 2]))
    #expect(c == HostTensor([Float(1), -2.5], dimensions: [2, 1]))
    #expect(shape == [2, 1])
  }

  /// Written by the reference implementation (Tests/Conformance/make_safetensors_case.py).
  @Test func `a file of the reference implementation is mapped and read`() throws {
    let url = try #require(Bundle.module.url(forResource: "Golden/three-types", withExtension: "safetensors"))
    let file = try SafeTensorsFile(contentsOf: url.path)
    let (names, wide, half, brain) = (file.names, try file.tensor("wide"), try file.tensor("half"), try file.tensor("brain"))
    let values: [Float] = [1, -2.5, 0.15625, 65504, 0x1p-14, 0]
    #expect(names == ["brain", "half", "wide"])
    #expect(wide == HostTensor(values, dimensions: [2, 3]))
    #expect(half == wide)
    // 8 bits of fraction round 65504 up.
    #expect(brain == HostTensor(values.map { $0 == 65504 ? 65536 : $0 }, dimensions: [2, 3]))
  }

  @Test func `tensors in the same bytes are refused, tensors without bytes lie anywhere`() throws {
    let overlapping = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#
    #expect(throws: SafeTensorsError(.malformed, "m: has tensors 'a' and 'b' in the same bytes")) {
      _ = try SafeTensorsFile(Self.file(overlapping, data: [UInt8](repeating: 0, count: 8)), origin: "m")
    }
    let empty = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}"#
    let names = try SafeTensorsFile(Self.file(empty, data: [UInt8](repeating: 0, count: 8)), origin: "m").names
    #expect(names == ["a", "b"])
  }

  @Test func `a tensor that isn't there is named with its file`() throws {
    let file = try SafeTensorsFile(Self.file("{}"), origin: "m.safetensors")
    do {
      _ = try file.tensor("model.norm.weight")
      Issue.record("there is no such tensor")
    } catch {
      #expect(error == SafeTensorsError(.missing, "m.safetensors: has no tensor 'model.norm.weight'"))
    }
  }

  @Test(
    arguments: [
      ("no header's length", [1, 2, 3]), ("a header longer than the file", Self.file("{}", length: 3)),
      ("a header of 2⁶⁴ bytes", Self.file("{}", length: .max)), ("no JSON", Self.file("{")), ("no object", Self.file("[]")),
      ("no dtype", Self.file(#"{"a":{"shape":[1],"data_offsets":[0,4]}}"#, data: [0, 0, 0, 0])),
      ("a negative size", Self.file(#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, data: [0, 0, 0, 0])),
      ("a shape that overflows", Self.file(#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#)),
      ("bytes behind the end", Self.file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#, data: [0, 0, 0, 0])),
      ("an end before its start", Self.file(#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[4,0]}}"#, data: [0, 0, 0, 0])),
      ("too few bytes", Self.file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,2]}}"#, data: [0, 0, 0, 0])),
    ] as [(String, [UInt8])])
  func `a header that can't be true is refused`(_ what: String, _ bytes: [UInt8]) throws {
    let error = try #require(Self.refusal(bytes), "\(what)")
    #expect(error.code == .malformed)
    #expect(error.message.hasPrefix("m.safetensors: "))
  }

  @Test func `a type that isn't read is named with its tensor`() throws {
    let error = try #require(Self.refusal(Self.file(#"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, data: [UInt8](repeating: 0, count: 8))))
    #expect(error == SafeTensorsError(.unsupported, "m.safetensors: tensor 'a' is of type I64; F32, F16 and BF16 are supported"))
  }

  @Test func `a file that isn't there is named`() {
    do throws(SafeTensorsError) {
      _ = try SafeTensorsFile(contentsOf: "/nowhere/m.safetensors")
      Issue.record("there is no such file")
    } catch {
      #expect(error.code == .unreadable)
      #expect(error.message.hasPrefix("/nowhere/m.safetensors: can't be opened"))
    }
  }
}
