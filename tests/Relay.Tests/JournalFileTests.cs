using System.Security.Cryptography;
using Keyhole.Agent;
using Keyhole.Cryptography;
using Keyhole.Packets;
using Keyhole.Tunnel;
using Keyhole.WireGuard;

namespace Keyhole.Relay.Tests;

public sealed class JournalFileTests
{
    private static readonly PublicKey RelayKey = new(RandomNumberGenerator.GetBytes(32));
    private static readonly byte[] Boot = RandomNumberGenerator.GetBytes(16);

    [Fact]
    public void What_was_written_is_read_again_by_the_next_process_of_the_same_boot()
    {
        using var folder = new TestFolder();
        var slot = new SlotRecord(RelayKey, new IpEndpoint(IpAddress.Parse("2001:db8::1"), 9), Tai64n.FromUnixMicroseconds(77), 5, 6, 7);
        var flow = new FlowRecord(new FlowKey(6, IpAddress.Parse("100.64.0.2"), 1, IpAddress.Parse("10.0.0.1"), 80), 3, 4);
        var entry = new EntryRecord(1, 2, 3, 4, 5);
        byte[] record = new byte[SlotRecord.Length];
        using (var journal = Open(folder))
        {
            Assert.False(journal.IsOfThisBoot);
            journal.MarkAsOfThisBoot();
            slot.Write(record);
            journal.WriteSlot(199, record);
            flow.Write(record);
            journal.WriteFlow(49, record.AsSpan(0, FlowRecord.Length));
            entry.Write(record);
            journal.WriteEntry(4999, record.AsSpan(0, EntryRecord.Length));
        }

        using var again = Open(folder);
        Assert.True(again.IsOfThisBoot);
        again.ReadSlots(199, record);
        Assert.True(SlotRecord.TryRead(record, out var readSlot));
        Assert.Equal(slot, readSlot);
        again.ReadFlows(49, record.AsSpan(0, FlowRecord.Length));
        Assert.True(FlowRecord.TryRead(record, out var readFlow));
        Assert.Equal(flow, readFlow);
        byte[] entries = new byte[2 * EntryRecord.Length];
        again.ReadEntries(4998, entries);
        Assert.False(EntryRecord.TryRead(entries, out _));
        Assert.True(EntryRecord.TryRead(entries.AsSpan(EntryRecord.Length), out var readEntry));
        Assert.Equal(entry, readEntry);
        again.ReadFlows(48, record.AsSpan(0, FlowRecord.Length));
        Assert.False(FlowRecord.TryRead(record, out _));
    }

    [Fact]
    public void Another_boot_is_told_apart_until_it_is_marked()
    {
        using var folder = new TestFolder();
        using (var journal = Open(folder))
            journal.MarkAsOfThisBoot();
        byte[] other = RandomNumberGenerator.GetBytes(16);
        using (var journal = JournalFile.Open(folder.File("journal"), 100, 50, 5000, RelayKey, other))
            Assert.False(journal.IsOfThisBoot);
        using (var journal = JournalFile.Open(folder.File("journal"), 100, 50, 5000, RelayKey, other))
        {
            Assert.False(journal.IsOfThisBoot);
            journal.MarkAsOfThisBoot();
        }

        using var marked = JournalFile.Open(folder.File("journal"), 100, 50, 5000, RelayKey, other);
        Assert.True(marked.IsOfThisBoot);
    }

    [Fact]
    public void A_file_of_another_layout_key_or_length_is_an_empty_one()
    {
        var changes = new Action<string>[]
        {
            path => Change(path, 0),
            path => Change(path, 8),
            path => Change(path, 12),
            path => Change(path, 20),
            path => Change(path, 24),
            path => File.WriteAllBytes(path, [1, 2, 3]),
            path => File.WriteAllBytes(path, [.. File.ReadAllBytes(path), 0]),
        };
        foreach (var change in changes)
        {
            using var folder = new TestFolder();
            byte[] record = new byte[SlotRecord.Length];
            using (var journal = Open(folder))
            {
                new SlotRecord(RelayKey, null, default, 0, 0, 1).Write(record);
                journal.WriteSlot(0, record);
                journal.MarkAsOfThisBoot();
            }

            change(folder.File("journal"));
            using var again = Open(folder);
            Assert.False(again.IsOfThisBoot);
            again.ReadSlots(0, record);
            Assert.False(SlotRecord.TryRead(record, out _));
        }
    }

    [Fact]
    public void A_path_that_cannot_be_used_is_one_clear_sentence()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder.File("journal"));
        var exception = Assert.Throws<AgentException>(() => Open(folder));
        Assert.Contains(folder.File("journal"), exception.Message, StringComparison.Ordinal);
    }

    private static JournalFile Open(TestFolder folder) => JournalFile.Open(folder.File("journal"), 100, 50, 5000, RelayKey, Boot);

    private static void Change(string path, int offset)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[offset] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
