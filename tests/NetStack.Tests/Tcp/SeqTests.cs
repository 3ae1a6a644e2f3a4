using FsCheck;
using FsCheck.Fluent;

namespace Keyhole.NetStack.Tests.Tcp;

public sealed class SeqTests
{
    [Fact]
    [Trait("Pitfall", "P24")]
    public void Order_holds_across_every_edge()
    {
        foreach (uint edge in (uint[])[0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
        {
            Assert.True(Seq.Less(edge - 1, edge));
            Assert.True(Seq.LessOrEqual(edge, edge));
            Assert.True(Seq.Greater(edge + 1, edge));
            Assert.False(Seq.Greater(edge, edge + 0x7FFF_FFFF));
            Assert.Equal(edge + 5, Seq.Max(edge, edge + 5));
            Assert.Equal(edge, Seq.Min(edge, edge + 5));
            Assert.Equal(-7, Seq.Distance(edge + 7, edge));
        }
    }

    [Fact]
    public void Exactly_one_of_less_equal_greater_holds_within_half_the_space()
    {
        Prop.ForAll<uint, int>((from, distance) =>
        {
            if (distance == int.MinValue)
                return true;
            uint to = from + (uint)distance;
            return Seq.Less(from, to) == distance > 0 && Seq.Greater(from, to) == distance < 0 && Seq.Distance(from, to) == distance;
        }).QuickCheckThrowOnFailure();
    }
}
