namespace Keyhole.WireGuard.Tests;

/// <summary>The constants of the paper (sections 5 and 6) and of the kernel's messages.h, typed here again.</summary>
public class PaperConstantsTests
{
    private const long Second = 1_000_000;

    [Fact]
    public void Timers_and_limits_are_those_of_section_6()
    {
        var paper = TimerSchedule.Paper;
        Assert.Equal(1UL << 60, paper.RekeyAfterMessages);
        Assert.Equal(0xFFFF_FFFF_FFFF_DFFF, paper.RejectAfterMessages);
        Assert.Equal(120 * Second, paper.RekeyAfterTime);
        Assert.Equal(180 * Second, paper.RejectAfterTime);
        Assert.Equal(90 * Second, paper.RekeyAttemptTime);
        Assert.Equal([5 * Second], paper.RetryTimeouts.AsEnumerable());
        Assert.Equal(10 * Second, paper.KeepaliveTimeout);
        Assert.Equal(15 * Second, paper.UnansweredTimeout);
        Assert.Equal(165 * Second, paper.RekeyOnReceiveAfterTime);
        Assert.Equal(540 * Second, paper.ZeroKeysAfterTime);
        Assert.Equal(120 * Second, CookieChecker.SecretLifetime);
        Assert.Equal(20_000, paper.InitiationInterval);
        Assert.Equal((20, 5), (LoadPolicy.Standard.HandshakesPerSecondPerSource, LoadPolicy.Standard.BurstPerSource));
        Assert.False(paper.ResponderRekeys);
        Assert.Equal(0, paper.CrossedInitiationWindow);
    }

    [Fact]
    public void Our_own_retries_come_after_half_a_second_one_two_and_then_every_five()
    {
        var ours = TimerSchedule.Keyhole;
        Assert.Equal([500_000, Second, 2 * Second, 5 * Second, 5 * Second], Enumerable.Range(0, 5).Select(ours.RetryTimeout));
        Assert.True(ours.RetryAtOnceAfterCookie);
        Assert.Equal(TimerSchedule.Paper.RekeyAfterTime, ours.RekeyAfterTime);
        Assert.Equal(TimerSchedule.Paper.RejectAfterTime, ours.RejectAfterTime);
    }

    [Fact]
    public void Messages_are_laid_out_as_in_section_5_4()
    {
        Assert.Equal((1, 2, 3, 4), ((int)MessageType.HandshakeInitiation, (int)MessageType.HandshakeResponse, (int)MessageType.CookieReply, (int)MessageType.TransportData));
        // type, reserved | sender | ephemeral | static | timestamp | mac1 | mac2
        Assert.Equal(4 + 4 + 32 + (32 + 16) + (12 + 16) + 16 + 16, InitiationMessage.Length);
        Assert.Equal([4, 8, 40, 88, 116, 132], [InitiationMessage.SenderIndexOffset, InitiationMessage.EphemeralOffset, InitiationMessage.StaticOffset, InitiationMessage.TimestampOffset, InitiationMessage.Mac1Offset, InitiationMessage.Mac2Offset]);
        // type, reserved | sender | receiver | ephemeral | empty | mac1 | mac2
        Assert.Equal(4 + 4 + 4 + 32 + (0 + 16) + 16 + 16, ResponseMessage.Length);
        Assert.Equal([4, 8, 12, 44, 60, 76], [ResponseMessage.SenderIndexOffset, ResponseMessage.ReceiverIndexOffset, ResponseMessage.EphemeralOffset, ResponseMessage.EmptyOffset, ResponseMessage.Mac1Offset, ResponseMessage.Mac2Offset]);
        // type, reserved | receiver | nonce | cookie
        Assert.Equal(4 + 4 + 24 + (16 + 16), CookieReplyMessage.Length);
        Assert.Equal([4, 8, 32], [CookieReplyMessage.ReceiverIndexOffset, CookieReplyMessage.NonceOffset, CookieReplyMessage.CookieOffset]);
        // type, reserved | receiver | counter | packet
        Assert.Equal([4, 8, 16, 32], [TransportMessage.ReceiverIndexOffset, TransportMessage.CounterOffset, TransportMessage.PacketOffset, TransportMessage.Overhead]);
    }

    [Fact]
    public void Only_complete_messages_have_a_type()
    {
        byte[] datagram = new byte[200];
        for (int length = 0; length <= datagram.Length; length++)
        {
            for (int type = 0; type < 256; type++)
            {
                datagram[0] = (byte)type;
                var expected = (type, length) switch
                {
                    (1, 148) => MessageType.HandshakeInitiation,
                    (2, 92) => MessageType.HandshakeResponse,
                    (3, 64) => MessageType.CookieReply,
                    (4, >= 32) => MessageType.TransportData,
                    _ => MessageType.None,
                };
                Assert.Equal(expected, Message.TypeOf(datagram.AsSpan(0, length)));
            }
        }

        datagram[0] = 4;
        for (int reserved = 1; reserved <= 3; reserved++)
        {
            datagram[reserved] = 1;
            Assert.Equal(MessageType.None, Message.TypeOf(datagram));
            datagram[reserved] = 0;
        }
    }

    [Theory]
    [InlineData(0, 1420, 0)]
    [InlineData(1, 1420, 16)]
    [InlineData(16, 1420, 16)]
    [InlineData(1404, 1420, 1408)]
    [InlineData(1409, 1420, 1420)]
    [InlineData(1420, 1420, 1420)]
    [InlineData(1421, 1420, 1421)]
    [InlineData(1500, 1420, 1500)]
    [InlineData(1279, 1280, 1280)]
    public void Padding_fills_16_bytes_and_never_exceeds_the_MTU(int length, int mtu, int padded) => Assert.Equal(padded, TransportMessage.PaddedLength(length, mtu));

    [Fact]
    public void Schedules_that_contradict_themselves_are_refused()
    {
        var paper = TimerSchedule.Paper;
        TimerSchedule[] wrong =
        [
            paper with { RetryTimeouts = [] },
            paper with { RetryTimeouts = [Second, 0] },
            paper with { RekeyAfterTime = 180 * Second },
            paper with { KeepaliveTimeout = 15 * Second },
            paper with { UnansweredTimeout = 180 * Second },
            paper with { RekeyAttemptTime = 0 },
            paper with { RetryJitter = -1 },
            paper with { RejectAfterMessages = 1 << 20 },
        ];
        paper.Validate();
        TimerSchedule.Keyhole.Validate();
        foreach (var schedule in wrong)
            Assert.Throws<ArgumentException>(schedule.Validate);
    }
}
