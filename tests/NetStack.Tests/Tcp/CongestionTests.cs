namespace Keyhole.NetStack.Tests.Tcp;

public sealed class CongestionTests
{
    private const int Mss = 1000;

    [Fact]
    [Trait("Pitfall", "P21")]
    public void The_initial_window_is_that_of_rfc_6928()
    {
        Assert.Equal(14_600, new CongestionWindow { SegmentSize = 1460 }.Initial);
        Assert.Equal(13_680, new CongestionWindow { SegmentSize = 1368 }.Initial);
        Assert.Equal(14_600, new CongestionWindow { SegmentSize = 2000 }.Initial);
        Assert.Equal(18_000, new CongestionWindow { SegmentSize = 9000 }.Initial);
    }

    [Fact]
    [Trait("Pitfall", "P20")]
    public void Nothing_grows_while_the_application_is_the_limit()
    {
        foreach (var controller in (ICongestion[])[new Cubic(), new NewReno()])
        {
            controller.Reset();
            var window = Window(20, threshold: 10);
            for (int i = 0; i < 1_000; i++)
                controller.OnAcknowledged(ref window, Ack(i * 1_000, Mss) with { IsWindowLimited = false });
            Assert.Equal(20 * Mss, window.Size);
        }
    }

    [Fact]
    [Trait("Pitfall", "P20")]
    public void Cubic_comes_back_to_its_maximum_after_k_seconds_and_probes_beyond()
    {
        var cubic = new Cubic();
        cubic.Reset();
        var window = Window(1_000, threshold: 1_000);
        window.SlowStartThreshold = window.Size = cubic.OnCongestion(window, timeout: false, 0);
        Assert.Equal(700 * Mss, window.Size);

        // RFC 9438 figure 2: K = cbrt((1000 - 700) / 0.4) = 9.09 s.
        long now = Grow(cubic, ref window, 0, seconds: 4.5);
        Assert.InRange(window.Size, 940 * Mss, 1_000 * Mss);
        now = Grow(cubic, ref window, now, seconds: 4.5);
        Assert.InRange(window.Size, 990 * Mss, 1_010 * Mss);
        Grow(cubic, ref window, now, seconds: 6);
        Assert.InRange(window.Size, 1_060 * Mss, 1_110 * Mss);
    }

    [Fact]
    [Trait("Pitfall", "P20")]
    public void Cubic_gives_way_faster_when_its_maximum_falls()
    {
        var cubic = new Cubic();
        cubic.Reset();
        cubic.OnCongestion(Window(1_000, 1_000), timeout: false, 0);
        var window = Window(800, 800);
        window.SlowStartThreshold = window.Size = cubic.OnCongestion(window, timeout: false, 0);

        // RFC 9438 section 4.7: the new maximum is 800 * 0.85 = 680, K = cbrt((680 - 560) / 0.4) = 6.7 s.
        Grow(cubic, ref window, 0, seconds: 6.7);
        Assert.InRange(window.Size, 670 * Mss, 690 * Mss);
    }

    [Fact]
    [Trait("Pitfall", "P20")]
    public void Cubic_is_never_slower_than_reno_on_a_short_path()
    {
        var cubic = new Cubic();
        cubic.Reset();
        var window = Window(20, threshold: 20);
        window.SlowStartThreshold = window.Size = cubic.OnCongestion(window, timeout: false, 0);

        // 1 ms: the curve alone would need cbrt(6 / 0.4) = 2.5 s for six segments; AIMD(0.53, 0.7) needs eleven round trips.
        for (long now = 0; now < 20_000; now += 1_000)
            cubic.OnAcknowledged(ref window, Ack(now, window.Size) with { SmoothedRtt = 1_000 });
        Assert.True(window.Size >= 20 * Mss, $"{window.Size} bytes");
    }

    [Fact]
    [Trait("Pitfall", "P20")]
    public void Weeks_of_growth_overflow_nothing()
    {
        var cubic = new Cubic();
        cubic.Reset();
        var window = Window(1_000, threshold: 500);
        for (int hour = 0; hour < 24 * 60; hour++)
            cubic.OnAcknowledged(ref window, Ack(hour * 3_600_000_000L, 1 << 20));
        Assert.InRange(window.Size, 1_000 * Mss, CongestionWindow.Maximum);
    }

    [Fact]
    [Trait("Pitfall", "P20")]
    public void Idle_time_does_not_count_for_the_curve()
    {
        var cubic = new Cubic();
        cubic.Reset();
        var window = Window(1_000, threshold: 1_000);
        window.SlowStartThreshold = window.Size = cubic.OnCongestion(window, timeout: false, 0);
        long now = Grow(cubic, ref window, 0, seconds: 2);
        cubic.OnIdle(3_600_000_000);
        Grow(cubic, ref window, now + 3_600_000_000, seconds: 2);
        Assert.True(window.Size < 1_000 * Mss, $"{window.Size} bytes");
    }

    [Fact]
    public void Slow_start_doubles_until_the_round_trip_time_rises()
    {
        var cubic = new Cubic();
        cubic.Reset();
        var window = Window(10, threshold: CongestionWindow.Maximum / Mss);
        uint una = 0;
        long rtt = 20_000;
        int rounds = 0;
        for (; window.InSlowStart && rounds < 30; rounds++)
        {
            if (rounds >= 5)
                rtt += 5_000;
            for (int acknowledged = 0, size = window.Size; acknowledged < size; acknowledged += Mss)
            {
                una += Mss;
                cubic.OnAcknowledged(ref window, Ack(rounds * 20_000, Mss) with { SndUna = una, SndNxt = una + (uint)window.Size, Rtt = rtt });
            }

            if (rounds < 5)
                Assert.Equal(10 * Mss << (rounds + 1), window.Size);
        }

        // RFC 9406: up to five rounds at a quarter of the growth, and out.
        Assert.InRange(rounds, 9, 14);
    }

    [Fact]
    public void Reno_adds_one_segment_per_window_and_halves()
    {
        var reno = new NewReno();
        reno.Reset();
        var window = Window(20, threshold: 10);
        for (int i = 0; i < 20; i++)
            reno.OnAcknowledged(ref window, Ack(i, Mss));
        Assert.Equal(21 * Mss, window.Size);
        Assert.Equal(21 * Mss / 2, reno.OnCongestion(window, false, 0));
        Assert.Equal(2 * Mss, reno.OnCongestion(Window(1, 1), true, 0));
    }

    private static long Grow(Cubic cubic, ref CongestionWindow window, long now, double seconds)
    {
        for (long end = now + (long)(seconds * 1e6); now < end; now += 100_000)
            cubic.OnAcknowledged(ref window, Ack(now, window.Size));
        return now;
    }

    private static CongestionWindow Window(int size, int threshold) =>
        new() { SegmentSize = Mss, Size = size * Mss, SlowStartThreshold = threshold * Mss };

    private static AckEvent Ack(long now, int delivered) => new()
    {
        Now = now,
        Delivered = delivered,
        Rtt = 100_000,
        SmoothedRtt = 100_000,
        SndUna = 0,
        SndNxt = 0,
        IsWindowLimited = true,
        DeliveryRate = 0,
        IsRateAppLimited = false,
    };
}
