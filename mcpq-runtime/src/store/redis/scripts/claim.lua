proceed()
return done(claim_all())
