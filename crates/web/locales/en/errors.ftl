# Error pages: what happened, what it means for what was typed, what to do
error-wait = { $n ->
    [one] You can try again in { $n } second.
   *[other] You can try again in { $n } seconds.
}
error-kept = What you typed
error-kept-note = Nothing is lost; you can copy it from here.
error-status = Status { $x }
error-reference = Reference { $x }

error-400-title = This request makes no sense to us
error-400-text = The link may be incomplete, or the page was open for too long. Go back, reload and try again.
error-401-title = Please sign in first
error-401-text = You will come back to the page you wanted.
error-403-title = You may not do this
error-403-text = Your present post does not let you see or handle this one. If it should be yours, ask the head of your unit.
error-404-title = Not found
error-404-text = The address may be wrong, or one character of the code. A code has 16 characters, in capitals or not, and never the letters I, L, O or U.
error-405-title = It cannot be opened this way
error-405-text = Use the buttons on the page.
error-409-title = This matter has just changed
error-409-text = After you opened the page, somebody else took a step. Yours was not carried out and nothing was altered. Look at the present state and decide again.
error-413-title = Too large
error-413-text = Nothing was submitted. Send fewer photos, or smaller ones.
error-415-title = This kind of file cannot be taken
error-415-text = Send photos as JPG, PNG or WebP.
error-422-title = Something does not fit
error-422-text = Mend it as the message says and submit again.
error-429-title = Too many attempts
error-429-text = To keep people from guessing codes or flooding the desk, please wait a little. You have done nothing wrong.
error-500-title = Something went wrong on our side
error-500-text = It did not succeed, and nothing was left half done. The operators have been told. Try again later, or telephone if it is urgent.
error-503-title = Under maintenance
error-503-text = Try again in a few minutes, or telephone if it is urgent.
error-507-title = Storage is full
error-507-text = Nothing new can be taken at the moment; all records are safe. Try again later, or report by telephone.
error-4xx-title = This could not be done
error-4xx-text = Go back, check, and try again.
error-5xx-title = Something went wrong on our side
error-5xx-text = It did not succeed. Try again later, or telephone if it is urgent.
