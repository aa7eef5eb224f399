package ledger

// NoteInDoubt is the note of a target that CloseOut closed while it was in
// doubt: an earlier claim was left open, so its reset may have taken effect.
const NoteInDoubt = "an earlier call was never answered: the reset may have taken effect"
