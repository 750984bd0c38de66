import Tensors
import Testing

/// Conversions of single numbers to and from floating point, as the instruction `cast` defines them.
struct ConversionTests {
  private func one<From: TensorScalar, To: TensorScalar>(_ value: From, _ type: To.Type) -> To {
    HostTensor([value], dimensions: []).converted(to: To.elementType).values(as: type)[0]
  }

  private func bytes<From: TensorScalar>(_ value: From, _ type: ElementType) -> [UInt8] { HostTensor([value], dimensions: []).converted(to: type).bytes }

  @Test func `the upper half of uint64 is reached and left`() {
    #expect(one(Float(1e19), UInt64.self) == 9_999_999_980_506_447_872)
    #expect(one(1e19, UInt64.self) == 10_000_000_000_000_000_000)
    #expect(one(1e20, UInt64.self) == .max)
    #expect(one(-1.0, UInt64.self) == 0 && one(Double.nan, UInt64.self) == 0)
    #expect(one(UInt64.max, Float.self) == 0x1p64)
    #expect(one(UInt64.max, Double.self) == 0x1p64)
    #expect(one(UInt64(1) << 63, Double.self) == 0x1p63)
    #expect(HostTensor([UInt64.max], dimensions: []).floats() == [0x1p64])
  }

  @Test func `int64 saturates at its own bounds`() {
    #expect(one(0x1p63 - 1024, Int64.self) == .max - 1023)
    #expect(one(0x1p63, Int64.self) == .max)
    #expect(one(-0x1p63, Int64.self) == .min && one(-0x1p63 + 1024, Int64.self) == .min + 1024)
    #expect(one(-Double.infinity, Int64.self) == .min && one(Double.nan, Int64.self) == 0)
  }

  @Test func `a double too small for a float is true`() {
    #expect(bytes(1e-300, .bool) == [1] && bytes(-0.0, .bool) == [0] && bytes(Double.nan, .bool) == [1])
  }

  @Test func `a double is rounded to half precision once`() {
    // Just above the middle between 1 and the half after it; as a float it would be the middle, and go to the even one.
    #expect(bytes(1 + 0x1p-11 + 0x1p-40, .float16) == [0x01, 0x3C])
    #expect(bytes(1 + 0x1p-11, .float16) == [0x00, 0x3C])
    #expect(bytes(65519.999999, .float16) == [0xFF, 0x7B] && bytes(65520.0, .float16) == [0x00, 0x7C])
    #expect(bytes(-0x1p-24, .float16) == [0x01, 0x80] && bytes(0x1p-25 + 0x1p-60, .float16) == [0x01, 0x00])
    // A whole number beyond what a float holds.
    #expect(bytes(Int64(65519), .float16) == [0xFF, 0x7B])
  }

  @Test func `every half is its own nearest`() {
    for pattern in UInt16.min...UInt16.max where !Float(halfPattern: pattern).isNaN {
      #expect(Float(halfPattern: pattern).halfPattern == pattern)
    }
  }
}
