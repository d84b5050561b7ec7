"""What a person is told about a file, by code: the one home of these sentences.

Translated where they are shown; placeholders are filled after translation.
"""

from ipdesk.core.kernel.text import N_

REFUSALS: dict[str, str] = {
    "file_missing": N_("Choose a file."),
    "file_empty": N_(
        "“%(name)s” is empty (0 bytes). Check that it opens on your device, then upload it again."),
    "file_too_large": N_(
        "“%(name)s” is larger than %(limit)s, the most we take for this kind of file. Upload a smaller "
        "copy or split it."),
    "type_not_taken": N_(
        "“%(name)s” is a kind of file that we do not take. We take pictures (JPEG, PNG, WebP, HEIC, TIFF), PDF,"
        " e-mails (.eml), text and CSV files, Word, Excel and PowerPoint files (.docx, .xlsx, .pptx), videos (MP4,"
        " MOV) and ZIP archives. Open anything else and export it as a PDF, or put it into a ZIP archive."),
    "name_does_not_match": N_(
        "“%(name)s” is named like another kind of file: its content is %(word)s. Rename it so that it "
        "ends in “.%(ending)s”, or choose the file you meant."),
    "too_many_files": N_(
        "This case already has %(most)s files from you. Remove one first, or put several into one ZIP "
        "archive."),
    "too_many_bytes": N_(
        "With “%(name)s” your files in this case would exceed %(limit)s. Remove one first, or upload a "
        "smaller copy."),
    "too_many_open_uploads": N_("You have %(most)s unfinished uploads. Finish or remove one first."),
    "too_many_open_bytes": N_(
        "With “%(name)s” your unfinished uploads would exceed %(limit)s. Finish or remove one first."),
    "day_is_full": N_(
        "You have uploaded as much as we take within a day (%(limit)s). Continue tomorrow, or write to the desk."),
    "upload_not_whole": N_(
        "“%(name)s” has not arrived whole: %(received)s of %(declared)s. Continue the upload."),
    "offset_wrong": N_("This piece does not follow what has arrived. Continue the upload."),
    "upload_over": N_("This upload has ended. Choose the file again."),
    "bytes_changed": N_("“%(name)s” did not arrive as it was sent. Upload it again."),
    "part_too_large": N_("A piece of the upload was too large."),
    "more_than_declared": N_("“%(name)s” turned out larger than announced. Upload it again."),
    "already_filed": N_("This file is part of a filed document and can no longer be removed."),
    "not_shared": N_("This file was given to the marketplace only."),
    "storage_full": N_(
        "We cannot store files at the moment. What you typed is kept; try again in a few minutes."),
}

# A file that is kept although nobody can see it: its uploader is told at once.
# `no_preview` is no trouble; `cut_off` is shown beside the preview that was still possible.
CANNOT_SHOW: dict[str, str] = {
    "password": N_(
        "This PDF is locked with a password: we keep it, but nobody can read it. Upload an unlocked "
        "copy."),
    "damaged": N_(
        "This file is damaged or cut off: we keep it, but nobody can open it. Check that it opens on "
        "your device, then upload it again."),
    "too_many_pixels": N_(
        "This picture is too large to be shown (more than 40 megapixels): we keep it as it is. Upload a"
        " smaller copy as well, so that it can be seen."),
    "too_demanding": N_(
        "This file takes too much work to be shown: we keep it as it is. Upload a simpler copy as well,"
        " so that it can be seen."),
    "busy": N_("Too many files are being looked at just now: we keep this one and make its preview within minutes."),
    "cut_off": N_(
        "This PDF seems to be cut off: we keep it and show what can be read. Check that it is complete "
        "on your device, and upload it again if not."),
    "no_preview": N_("This kind of file is kept as it is and can be downloaded; it has no preview."),
}

# The same told to whoever reads the file on the page of a case.
READERS_TOLD: dict[str, str] = {
    "password": N_("This PDF is locked with a password: nobody can read it."),
    "damaged": N_("This file is damaged or cut off: nobody can open it."),
    "too_many_pixels": N_("This picture is too large to be shown here (more than 40 megapixels). Download the original to see it."),
    "too_demanding": N_("This file takes too much work to be shown here. Download the original to see it."),
    "busy": N_("The preview of this file is still to be made. Download the original, or look again in some minutes."),
    "cut_off": N_("This PDF seems to be cut off: what can be read is shown."),
}
# What staff do about it.
ASK_FOR_COPY: dict[str, str] = {
    "password": N_("Ask for an unlocked copy."), "damaged": N_("Ask for a copy that opens."), "cut_off": N_("Ask whether it is complete."),
}


def in_words(size: int) -> str:
    """A number of bytes as people write it: ``12 MB`` (decimal, as phones and shops count)."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} bytes"
