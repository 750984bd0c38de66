/// Where a box is, and how fast it moves and grows: a Kalman filter with constant velocity.
///
/// Noise follows the box's size as in DeepSORT (N. Wojke et al., "Simple online and realtime tracking with a deep association metric", 2017), width
/// and height each of its own as in BoT-SORT (N. Aharon et al., 2022). With noise that is independent the filter of eight dimensions falls into four of
/// two. Time is counted in frames.
struct BoxMotion {
  /// Standard deviations, as shares of the box's size: of a position, and of a velocity a frame.
  static let positionNoise: Float = 1 / 20, velocityNoise: Float = 1 / 160

  /// One coordinate and its velocity, with their covariance.
  struct Axis {
    private(set) var value: Float
    private(set) var velocity: Float = 0
    private var (vv, vd, dd): (Float, Float, Float)

    init(_ value: Float, size: Float) {
      self.value = value
      let (position, velocity) = (2 * positionNoise * size, 10 * velocityNoise * size)
      (vv, vd, dd) = (position * position, 0, velocity * velocity)
    }

    mutating func advance(by steps: Float, size: Float) {
      value += velocity * steps
      let (position, drift) = (positionNoise * size, velocityNoise * size)
      vv += 2 * steps * vd + steps * steps * dd + position * position * steps
      vd += steps * dd
      dd += drift * drift * steps
    }

    mutating func correct(to measured: Float, size: Float) {
      let noise = positionNoise * size
      let whole = vv + noise * noise
      let (gain, velocityGain) = (vv / whole, vd / whole)
      let innovation = measured - value
      value += gain * innovation
      velocity += velocityGain * innovation
      dd -= velocityGain * vd
      vd -= gain * vd
      vv -= gain * vv
    }

    mutating func rest() { velocity = 0 }
  }

  private var (x, y, width, height): (Axis, Axis, Axis, Axis)

  init(_ box: Box) {
    let (across, down) = (max(1, box.width), max(1, box.height))
    x = Axis(box.x + box.width / 2, size: across)
    y = Axis(box.y + box.height / 2, size: down)
    width = Axis(box.width, size: across)
    height = Axis(box.height, size: down)
  }

  /// - Parameter keepsSize: while it isn't seen, nothing says that it goes on growing.
  mutating func advance(by steps: Float, keepsSize: Bool) {
    if keepsSize {
      width.rest()
      height.rest()
    }
    let (across, down) = (max(1, width.value), max(1, height.value))
    x.advance(by: steps, size: across)
    y.advance(by: steps, size: down)
    width.advance(by: steps, size: across)
    height.advance(by: steps, size: down)
  }

  mutating func correct(to box: Box) {
    let (across, down) = (max(1, box.width), max(1, box.height))
    x.correct(to: box.x + box.width / 2, size: across)
    y.correct(to: box.y + box.height / 2, size: down)
    width.correct(to: box.width, size: across)
    height.correct(to: box.height, size: down)
  }

  /// Pixels a frame.
  var velocity: (x: Float, y: Float) { (x.velocity, y.velocity) }

  var box: Box {
    let (across, down) = (max(0, width.value), max(0, height.value))
    return Box(x: x.value - across / 2, y: y.value - down / 2, width: across, height: down)
  }
}
