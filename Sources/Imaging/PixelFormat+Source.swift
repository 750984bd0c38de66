import CImaging

extension swl_source {
  /// Sets all that the C side has to know about a format but MJPEG, which is decoded before.
  mutating func describe(_ pixelFormat: PixelFormat, _ balance: SensorBalance) {
    switch pixelFormat {
    case .yuyv: format = SWL_PIXEL_YUYV
    case .uyvy: format = SWL_PIXEL_UYVY
    case .nv12: format = SWL_PIXEL_NV12
    case .nv21: format = SWL_PIXEL_NV21
    case .i420: format = SWL_PIXEL_I420
    case .grey, .mjpeg: format = SWL_PIXEL_GREY
    case .rgb24: format = SWL_PIXEL_RGB24
    case .bgr24: format = SWL_PIXEL_BGR24
    case .sensor(let samples):
      format = SWL_PIXEL_SENSOR
      pattern = swl_filters(UInt32(samples.pattern.rawValue))
      packing = swl_sample_packing(UInt32(samples.packing.rawValue))
      bits = Int32(samples.bits)
      black_level = Int32(balance.blackLevel)
      gain = (Int32(balance.red), Int32(balance.green), Int32(balance.blue))
    }
  }
}
