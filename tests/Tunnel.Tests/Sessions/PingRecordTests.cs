namespace Keyhole.Tunnel.Tests;

public sealed class PingRecordTests
{
    [Fact]
    public void Loss_is_the_share_of_the_last_64_pings_that_nothing_answered()
    {
        var record = new PingRecord();
        Assert.Null(record.Loss);
        record.Sent();
        Assert.Null(record.Loss);
        record.Sent();
        Assert.Equal(1.0, record.Loss);
        record.Answered(1);
        Assert.Equal(0.0, record.Loss);
        for (int ping = 0; ping < 200; ping++)
        {
            record.Sent();
            if (ping % 4 != 0)
                record.Answered(0);
        }

        Assert.Equal(0.25, record.Loss!.Value, 0.02);
        for (int ping = 0; ping < 64; ping++)
        {
            record.Sent();
            record.Answered(0);
        }

        Assert.Equal(0.0, record.Loss);
        record.Answered(5_000_000_000);
    }
}
